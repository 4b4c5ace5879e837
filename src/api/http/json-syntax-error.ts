// V8 does not always say where JSON breaks. This reads a text that JSON.parse has refused (RFC 8259),
// without recursion, up to the first token that cannot follow.

const token =
  /[ \t\n\r]*(?:(?<mark>[{}[\],:])|(?<string>"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(?<scalar>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true\b|false\b|null\b))/y

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma' | 'end'

export function findJsonFlaw(text: string): { position: number; found: string } | null {
  const closers: string[] = []
  let expected: Expected = 'value'
  token.lastIndex = 0
  for (let from = 0; ; from = token.lastIndex) {
    const match = token.exec(text)
    if (!match) {
      const blank = /[^ \t\n\r]/g
      blank.lastIndex = from
      const position = blank.exec(text)?.index ?? text.length
      if (position === text.length && expected === 'end') return null
      return { position, found: foundAt(text, position) }
    }
    const { mark, string } = match.groups as { mark?: string; string?: string }
    const next = follow(expected, mark ?? (string === undefined ? 'scalar' : 'string'), closers)
    if (!next) {
      const position = token.lastIndex - match[0].trimStart().length
      return { position, found: foundAt(text, position) }
    }
    expected = next
  }
}

/** What may come after a token, or null where the token may not come itself. */
function follow(expected: Expected, kind: string, closers: string[]): Expected | null {
  const afterValue = () => (closers.length === 0 ? 'end' : 'comma')
  const wantsValue = expected === 'value' || expected === 'value or ]'
  const wantsKey = expected === 'key' || expected === 'key or }'
  const empty = expected === 'value or ]' || expected === 'key or }'
  if (wantsKey && kind === 'string') return 'colon'
  if (wantsValue && (kind === 'string' || kind === 'scalar')) return afterValue()
  if (wantsValue && (kind === '{' || kind === '[')) {
    closers.push(kind === '{' ? '}' : ']')
    return kind === '{' ? 'key or }' : 'value or ]'
  }
  if (expected === 'colon' && kind === ':') return 'value'
  if (expected === 'comma' && kind === ',') return closers.at(-1) === '}' ? 'key' : 'value'
  if ((expected === 'comma' || empty) && kind === closers.at(-1)) {
    closers.pop()
    return afterValue()
  }
  return null
}

function foundAt(text: string, position: number): string {
  const character = text.codePointAt(position)
  if (character === undefined) return 'unexpected end'
  const shown = String.fromCodePoint(character)
  if (shown === '"') return 'unexpected or broken string'
  return `unexpected ${character < 32 ? `control character ${character}` : `'${shown}'`}`
}
