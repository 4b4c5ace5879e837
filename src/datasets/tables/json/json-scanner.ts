// Reads JSON (RFC 8259) from bytes, value by value, without making objects of it.

/** What the records of a file are built of. Places are bytes of the scanner's bytes. */
export interface JsonVisitor {
  /** A number, or true, false or null; `path` leads to it from the record. */
  literal(path: string, kind: LiteralKind, start: number, end: number): void
  /** A text without its quotes. */
  text(path: string, start: number, end: number, hasEscapes: boolean): void
  /** A list, which no column can have. */
  list(path: string, start: number): void
}

export type LiteralKind = 'integer' | 'number' | 'true' | 'false' | 'null'

/** The bytes end within a value. */
export class JsonEnd extends Error {}

/** What is wrong at a byte. */
export class JsonError extends Error {
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message)
  }
}

/** A limit of the whole file that is exceeded at a byte. */
export class JsonLimitError extends JsonError {}

const maxDepth = 32
const maxKeyBytes = 1000

const quote = 34
const backslash = 92

const literals: readonly (readonly [word: string, kind: LiteralKind])[] = [
  ['true', 'true'],
  ['false', 'false'],
  ['null', 'null'],
  // Python writes these
  ['NaN', 'null'],
]

export class JsonScanner {
  at = 0
  bytes: Buffer = Buffer.alloc(0)

  constructor(private readonly visitor: JsonVisitor) {}

  /** Moves past blanks, and returns the byte that follows; -1 at the end. */
  next(): number {
    const { bytes } = this
    for (; this.at < bytes.length; this.at++) {
      const byte = bytes[this.at]!
      if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) return byte
    }
    return -1
  }

  /** Reads an object; `path` leads to it from the record. */
  object(path: string, depth = 0): void {
    if (depth > maxDepth)
      throw new JsonError(`objects are nested more than ${maxDepth} deep`, this.at)
    this.expect('{')
    if (this.must() === 125) {
      this.at++
      return
    }
    for (;;) {
      const key = this.key()
      const name = path === '' ? key : `${path}.${key}`
      if (name.length > maxKeyBytes)
        throw new JsonError(`a key is longer than ${maxKeyBytes}`, this.at)
      this.expect(':')
      this.value(name, depth)
      if (this.must() === 125) break
      this.expect(',')
    }
    this.at++
  }

  private value(path: string, depth: number): void {
    const byte = this.must()
    const start = this.at
    if (byte === 123) this.object(path, depth + 1)
    else if (byte === 91) {
      this.skipList(depth + 1)
      this.visitor.list(path, start)
    } else if (byte === quote) {
      const hasEscapes = this.skipText()
      this.visitor.text(path, start + 1, this.at - 1, hasEscapes)
    } else {
      const kind = this.literal(byte)
      this.visitor.literal(path, kind, start, this.at)
    }
  }

  private skipList(depth: number): void {
    if (depth > maxDepth)
      throw new JsonError(`lists are nested more than ${maxDepth} deep`, this.at)
    this.at++
    if (this.must() === 93) {
      this.at++
      return
    }
    for (;;) {
      this.skipValue(depth)
      if (this.must() === 93) break
      this.expect(',')
    }
    this.at++
  }

  private skipValue(depth: number): void {
    const byte = this.must()
    if (byte === 91) this.skipList(depth + 1)
    else if (byte === quote) this.skipText()
    else if (byte !== 123) this.literal(byte)
    else {
      if (depth > maxDepth) throw new JsonError(`it is nested more than ${maxDepth} deep`, this.at)
      this.at++
      if (this.must() !== 125) {
        for (;;) {
          this.key()
          this.expect(':')
          this.skipValue(depth + 1)
          if (this.must() === 125) break
          this.expect(',')
        }
      }
      this.at++
    }
  }

  private key(): string {
    if (this.must() !== quote) throw this.unexpected('a key in quotes')
    const start = this.at
    const hasEscapes = this.skipText()
    if (this.at - start > maxKeyBytes)
      throw new JsonError(`a key has more than ${maxKeyBytes} bytes`, start)
    return textOf(this.bytes, start + 1, this.at - 1, hasEscapes)
  }

  /** Moves past a text, and returns whether it has escapes. */
  private skipText(): boolean {
    const { bytes } = this
    const start = this.at
    let hasEscapes = false
    for (let at = start + 1; at < bytes.length; at++) {
      const byte = bytes[at]!
      if (byte === quote) {
        this.at = at + 1
        if (hasEscapes) checkEscapes(bytes, start, this.at)
        return hasEscapes
      }
      if (byte === backslash) {
        hasEscapes = true
        at++
      } else if (byte < 32) throw new JsonError('a line end or control character within a text', at)
    }
    throw new JsonEnd()
  }

  private literal(byte: number): LiteralKind {
    if (byte === 45 || (byte >= 48 && byte <= 57)) return this.number()
    const { bytes, at } = this
    for (const [word, kind] of literals) {
      const found = bytes.toString('latin1', at, at + word.length)
      if (found === word) {
        this.at += word.length
        return kind
      }
      if (at + word.length > bytes.length && word.startsWith(found)) throw new JsonEnd()
    }
    throw this.unexpected('a value')
  }

  private number(): LiteralKind {
    const { bytes } = this
    let { at } = this
    let isInteger = true
    const digits = () => {
      const start = at
      while (at < bytes.length && bytes[at]! >= 48 && bytes[at]! <= 57) at++
      if (at === bytes.length) throw new JsonEnd()
      if (at === start) throw new JsonError('a digit is missing in a number', at)
    }
    if (bytes[at] === 45) at++
    const first = at
    if (bytes.toString('latin1', at, at + 8) === 'Infinity')
      throw new JsonError('a number is infinite: write null, or leave the record out', this.at)
    digits()
    if (bytes[first] === 48 && at > first + 1)
      throw new JsonError('a number begins with 0: write it as a text if it is a code', first)
    if (bytes[at] === 46) {
      isInteger = false
      at++
      digits()
    }
    if (bytes[at] === 101 || bytes[at] === 69) {
      isInteger = false
      at++
      if (bytes[at] === 45 || bytes[at] === 43) at++
      digits()
    }
    this.at = at
    return isInteger ? 'integer' : 'number'
  }

  private must(): number {
    const byte = this.next()
    if (byte < 0) throw new JsonEnd()
    return byte
  }

  private expect(sign: string): void {
    if (this.must() !== sign.charCodeAt(0)) throw this.unexpected(JSON.stringify(sign))
    this.at++
  }

  private unexpected(expected: string): JsonError {
    const found = this.bytes.toString('utf8', this.at, this.at + 20)
    return new JsonError(`expected ${expected}, found ${JSON.stringify(found)}`, this.at)
  }
}

function checkEscapes(bytes: Buffer, start: number, end: number): void {
  try {
    JSON.parse(bytes.toString('utf8', start, end))
  } catch {
    throw new JsonError('an escape within a text is none of JSON', start)
  }
}

/** A text between its quotes. */
export function textOf(bytes: Buffer, start: number, end: number, hasEscapes: boolean): string {
  if (!hasEscapes) return bytes.toString('utf8', start, end)
  return JSON.parse(bytes.toString('utf8', start - 1, end + 1)) as string
}
