import type { EntrySource } from '../archives/entry-source.js'
import { fileError } from '../errors.js'
import { decodeXstring, readXml } from './xml-events.js'

/** They are kept in memory, since cells name them in any order. */
const maxBytes = 128 * 2 ** 20

/** The texts of a workbook, which its cells name by index (ECMA-376 Part 1, 18.4). */
export class SharedTexts {
  private bytes = Buffer.alloc(64 * 1024)
  /** Where each text ends. Not an array, since millions of numbers would fill the heap. */
  private ends = new Uint32Array(1024)
  private count = 0

  static async read(source: EntrySource, entry: number): Promise<SharedTexts> {
    const texts = new SharedTexts()
    const reader = new RichText()
    await readXml(source, entry, {
      open(name) {
        if (name === 'si') reader.start()
        reader.open(name)
      },
      text: piece => reader.add(piece),
      close(name) {
        reader.close(name)
        if (name !== 'si') return
        if (texts.add(reader.text)) return
        const detail = `its texts have more than ${maxBytes / 2 ** 20} MiB: save the sheet as CSV (UTF-8)`
        throw fileError('DATASET_TOO_LARGE', source.location(entry), detail)
      },
    })
    return texts
  }

  /** Undefined if there are fewer. */
  get(index: number): string | undefined {
    if (!Number.isInteger(index) || index < 0 || index >= this.count) return undefined
    return this.bytes.toString('utf8', this.endOf(index - 1), this.ends[index])
  }

  /** False if there is no more room. */
  private add(text: string): boolean {
    const start = this.endOf(this.count - 1)
    const end = start + Buffer.byteLength(text)
    if (end > maxBytes) return false
    if (end > this.bytes.length) {
      const larger = Buffer.alloc(Math.min(maxBytes, Math.max(end, 2 * this.bytes.length)))
      this.bytes.copy(larger, 0, 0, start)
      this.bytes = larger
    }
    this.bytes.write(text, start)
    if (this.count === this.ends.length) {
      const larger = new Uint32Array(2 * this.count)
      larger.set(this.ends)
      this.ends = larger
    }
    this.ends[this.count++] = end
    return true
  }

  private endOf(index: number): number {
    return index < 0 ? 0 : this.ends[index]!
  }
}

/** A text in parts of different fonts, without the reading that East Asian texts have beside them (`rPh`). */
export class RichText {
  private parts = ''
  private isInText = false
  private isInPhonetic = false

  get text(): string {
    return decodeXstring(this.parts)
  }

  start(): void {
    this.parts = ''
  }

  open(name: string): void {
    if (name === 'rPh') this.isInPhonetic = true
    if (name === 't') this.isInText = !this.isInPhonetic
  }

  add(piece: string): void {
    if (this.isInText) this.parts += piece
  }

  close(name: string): void {
    if (name === 'rPh') this.isInPhonetic = false
    if (name === 't') this.isInText = false
  }
}
