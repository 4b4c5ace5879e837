// Finds the position of a syntax error in text that JSON.parse rejects (RFC 8259), since V8's messages do
// not always contain it. Uses no recursion, so deep nesting cannot overflow the stack.

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma' | 'end'

/** Reads each character once: a body may be a mebibyte of brackets. */
export function findJsonSyntaxError(text: string): { position: number; message: string } | null {
  const closingBrackets: string[] = []
  let expected: Expected = 'value'
  for (let position = 0; ; ) {
    while (isBlank(text.charCodeAt(position))) position++
    if (position >= text.length && expected === 'end') return null
    const kind = kindOf(text[position])
    const end = kind === null ? -1 : endOf(kind, text, position)
    const next: Expected | null =
      kind === null || end < 0 ? null : nextExpected(expected, kind, closingBrackets)
    if (!next) return { position, message: describeAt(text, position) }
    expected = next
    position = end
  }
}

const isBlank = (code: number) => code === 32 || code === 10 || code === 13 || code === 9

/** What a token is, by its first character: itself if it is structural. Null if no token begins so. */
function kindOf(char: string | undefined): string | null {
  if (char === undefined) return null
  if ('{}[],:'.includes(char)) return char
  if (char === '"') return 'string'
  return '-0123456789tfn'.includes(char) ? 'scalar' : null
}

/** Returns the end of the token at `start`, or -1 if it is broken. */
function endOf(kind: string, text: string, start: number): number {
  if (kind === 'string') return endOfString(text, start)
  if (kind !== 'scalar') return start + 1
  // most scalars in a large body are digits, for which a regular expression takes long
  let end = start
  while (isDigit(text.charCodeAt(end))) end++
  const isInteger = end === start + 1 || (end > start && text[start] !== '0')
  if (isInteger && endsScalar.includes(text[end] ?? '')) return end
  scalar.lastIndex = start
  return scalar.test(text) ? scalar.lastIndex : -1
}

const isDigit = (code: number) => code >= 48 && code <= 57
/** What may follow an integer; the empty text is the end. */
const endsScalar = ',]} \n\r\t'

const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true\b|false\b|null\b/y
const escapeSequence = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; ) {
    const char = text.charCodeAt(i)
    if (char === 34) return i + 1
    if (char < 32) return -1
    if (char !== 92) i++
    else {
      escapeSequence.lastIndex = i
      if (!escapeSequence.test(text)) return -1
      i = escapeSequence.lastIndex
    }
  }
  return -1
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
