/** The control characters, but those that lay out text: the first, ESC, begins the sequences. */
const control = String.raw`[^\P{Cc}\t\r\n]`
/** Sequences that colour a terminal or move its cursor, and those that set its title (ECMA-48). */
const sequences = new RegExp(
  String.raw`${control}(?:\[[0-?]*[ -/]*[@-~]|\][^\p{Cc}]*${control}\\?)`,
  'gu',
)
const controls = new RegExp(`${control}|\\r`, 'gu')

/** A line as a terminal would show it, without colours: of what a progress bar overwrites, the last state. */
export function plainText(line: string): string {
  const text = line.replace(sequences, '')
  const shown = text.replace(/\r+$/, '')
  return shown.slice(shown.lastIndexOf('\r') + 1).replace(controls, '')
}

export interface TextPart {
  text: string
  isFound: boolean
}

/** Cuts a text at each occurrence of what is searched for, whatever its case. */
export function partsOf(text: string, search: string): TextPart[] {
  if (!search) return [{ text, isFound: false }]
  const lower = text.toLowerCase()
  const wanted = search.toLowerCase()
  // some letters have another length in lower case, and places would not agree
  if (lower.length !== text.length) return [{ text, isFound: lower.includes(wanted) }]
  const parts: TextPart[] = []
  let from = 0
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    if (at > from) parts.push({ text: text.slice(from, at), isFound: false })
    from = at + wanted.length
    parts.push({ text: text.slice(at, from), isFound: true })
  }
  if (from < text.length || parts.length === 0)
    parts.push({ text: text.slice(from), isFound: false })
  return parts
}
