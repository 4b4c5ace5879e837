/**
 * A Python literal, as the header of an NPY file is one. Tuples and lists are arrays. Nothing is evaluated: there
 * are no names but True, False and None, and no operators.
 */
export type PythonLiteral =
  | string
  | number
  | boolean
  | null
  | PythonLiteral[]
  | Map<string, PythonLiteral>

/** A literal that cannot be read; `at` counts characters from 0. */
export class LiteralError extends Error {
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message)
  }
}

/** NumPy's own headers nest four deep. */
const maxDepth = 8

const words: Readonly<Record<string, boolean | null>> = { True: true, False: false, None: null }

const escapes: Readonly<Record<string, string>> = {
  "'": "'",
  '"': '"',
  '\\': '\\',
  n: '\n',
  r: '\r',
  t: '\t',
}

/** Throws a LiteralError if the text is anything else. */
export function parsePythonLiteral(text: string): PythonLiteral {
  const parser = new Parser(text)
  const literal = parser.value(0)
  parser.end()
  return literal
}

class Parser {
  private at = 0

  constructor(private readonly text: string) {}

  value(depth: number): PythonLiteral {
    if (depth > maxDepth) this.fail('too many brackets within brackets')
    this.skipBlanks()
    const character = this.text[this.at]
    if (character === '{') return this.dictionary(depth)
    if (character === '(') return this.sequence(')', depth)
    if (character === '[') return this.sequence(']', depth)
    if (character === "'" || character === '"') return this.quoted()
    const [word] = this.match(/[A-Za-z]\w*|\d+L?/y) ?? this.fail('no literal of Python')
    const number = Number.parseInt(word, 10)
    if (!Number.isNaN(number)) return number
    const value = words[word]
    return value === undefined ? this.fail(`the name ${word}`) : value
  }

  end(): void {
    this.skipBlanks()
    if (this.at < this.text.length) this.fail('more after the end')
  }

  private dictionary(depth: number): Map<string, PythonLiteral> {
    const entries = new Map<string, PythonLiteral>()
    this.items('}', () => {
      const key = this.value(depth + 1)
      if (typeof key !== 'string') this.fail('a key that is no text')
      if (!this.takes(':')) this.fail('a key without a value')
      if (entries.has(key)) this.fail(`the key '${key}' twice`)
      entries.set(key, this.value(depth + 1))
    })
    return entries
  }

  private sequence(close: ')' | ']', depth: number): PythonLiteral[] {
    const items: PythonLiteral[] = []
    this.items(close, () => items.push(this.value(depth + 1)))
    return items
  }

  /** Reads items with commas between, and maybe after the last, up to the bracket. */
  private items(close: string, readItem: () => void): void {
    this.at++
    while (!this.takes(close)) {
      readItem()
      if (this.takes(',')) continue
      if (this.takes(close)) return
      this.fail(`no comma and no ${close}`)
    }
  }

  private quoted(): string {
    const quote = this.text[this.at++]!
    let value = ''
    for (;;) {
      const character = this.text[this.at++]
      if (character === undefined || character === '\n') this.fail('a text without an end')
      if (character === quote) return value
      value += character === '\\' ? this.escaped() : character
    }
  }

  private escaped(): string {
    const code = this.match(/x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}/y)?.[0]
    if (code) {
      const point = Number.parseInt(code.slice(1), 16)
      return point > 0x10ffff ? this.fail('no character') : String.fromCodePoint(point)
    }
    return escapes[this.text[this.at++] ?? ''] ?? this.fail('an unknown escape')
  }

  private takes(character: string): boolean {
    this.skipBlanks()
    if (this.text[this.at] !== character) return false
    this.at++
    return true
  }

  private skipBlanks(): void {
    this.match(/\s+/y)
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    if (found) this.at += found[0].length
    return found
  }

  private fail(found: string): never {
    throw new LiteralError(`found ${found}`, this.at)
  }
}
