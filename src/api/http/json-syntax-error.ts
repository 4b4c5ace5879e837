// Finds the position of a syntax error in text that JSON.parse rejects (RFC 8259), since V8's messages do
// not always contain it. Uses no recursion, so deep nesting cannot overflow the stack.

const token =
  /[ \t\n\r]*(?:(?<structural>[{}[\],:])|(?<string>"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(?<scalar>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true\b|false\b|null\b))/y

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma' | 'end'

export function findJsonSyntaxError(text: string): { position: number; message: string } | null {
  const closingBrackets: string[] = []
  let expected: Expected = 'value'
  token.lastIndex = 0
  for (let start = 0; ; start = token.lastIndex) {
    const match = token.exec(text)
    if (!match) {
      const nonWhitespace = /[^ \t\n\r]/g
      nonWhitespace.lastIndex = start
      const position = nonWhitespace.exec(text)?.index ?? text.length
      if (position === text.length && expected === 'end') return null
      return { position, message: describeAt(text, position) }
    }
    const { structural, string } = match.groups as { structural?: string; string?: string }
    const next = nextExpected(
      expected,
      structural ?? (string === undefined ? 'scalar' : 'string'),
      closingBrackets,
    )
    if (!next) {
      const position = token.lastIndex - match[0].trimStart().length
      return { position, message: describeAt(text, position) }
    }
    expected = next
  }
}

/** Returns what may follow a token, or null if the token itself is not allowed here. */
function nextExpected(
  expected: Expected,
  kind: string,
  closingBrackets: string[],
): Expected | null {
  const afterValue = () => (closingBrackets.length === 0 ? 'end' : 'comma')
  const expectsValue = expected === 'value' || expected === 'value or ]'
  const expectsKey = expected === 'key' || expected === 'key or }'
  const mayClose = expected === 'value or ]' || expected === 'key or }'
  if (expectsKey && kind === 'string') return 'colon'
  if (expectsValue && (kind === 'string' || kind === 'scalar')) return afterValue()
  if (expectsValue && (kind === '{' || kind === '[')) {
    closingBrackets.push(kind === '{' ? '}' : ']')
    return kind === '{' ? 'key or }' : 'value or ]'
  }
  if (expected === 'colon' && kind === ':') return 'value'
  if (expected === 'comma' && kind === ',') return closingBrackets.at(-1) === '}' ? 'key' : 'value'
  if ((expected === 'comma' || mayClose) && kind === closingBrackets.at(-1)) {
    closingBrackets.pop()
    return afterValue()
  }
  return null
}

function describeAt(text: string, position: number): string {
  const codePoint = text.codePointAt(position)
  if (codePoint === undefined) return 'unexpected end'
  const char = String.fromCodePoint(codePoint)
  if (char === '"') return 'unexpected or broken string'
  return `unexpected ${codePoint < 32 ? `control character ${codePoint}` : `'${char}'`}`
}
