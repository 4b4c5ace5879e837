/** Names that Windows keeps for devices, with any extension. */
const deviceName = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i
const maxNameLength = 100

/**
 * A text as the name of a file or folder that every system takes: letters and digits of any language, blanks and
 * `.,_-+()`; other characters become `_`.
 */
export function safeName(text: string): string {
  const characters = text.normalize('NFC').replaceAll(/[^\p{L}\p{M}\p{N} .,_+()-]/gu, '_')
  const short = [...characters].slice(0, maxNameLength).join('')
  const trimmed = short.replace(/^[ .]+/, '').replace(/[ .]+$/, '') || '_'
  return deviceName.test(trimmed) ? `_${trimmed}` : trimmed
}

/** Names for texts, different also on systems that do not tell upper from lower case. */
export function distinctNames(texts: readonly string[]): string[] {
  const taken = new Set<string>()
  return texts.map(text => {
    const name = safeName(text)
    let free = name
    for (let n = 2; taken.has(folded(free)); n++) free = `${name}~${n}`
    taken.add(folded(free))
    return free
  })
}

/** The name of an image's file without its extension, from its path in the upload: `a/b.jpg` or `part-0.tfrecord#7`. */
export function stemOf(source: string): string {
  const name = source.slice(Math.max(source.lastIndexOf('/'), source.lastIndexOf('\\')) + 1)
  return safeName(name.replace(/(?<=.)\.[^.#]*(?=#\d+$|$)/, '').replace('#', '-'))
}

/** For comparing names as file systems do that do not tell upper from lower case. */
export const folded = (name: string): string => name.normalize('NFC').toUpperCase().toLowerCase()
