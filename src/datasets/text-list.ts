/** Many texts, outside of V8's heap. */
export class TextList {
  private bytes = Buffer.alloc(1024)
  private readonly ends: Float64Array
  private length = 0

  constructor(maxLength: number) {
    this.ends = new Float64Array(maxLength)
  }

  add(text: string): void {
    const from = this.endOf(this.length - 1)
    const to = from + Buffer.byteLength(text)
    if (to > this.bytes.length) {
      const grown = Buffer.alloc(Math.max(2 * this.bytes.length, to))
      this.bytes.copy(grown, 0, 0, from)
      this.bytes = grown
    }
    this.bytes.write(text, from)
    this.ends[this.length++] = to
  }

  at(index: number): string {
    return this.bytes.toString('utf8', this.endOf(index - 1), this.endOf(index))
  }

  private endOf(index: number): number {
    return index < 0 ? 0 : this.ends[index]!
  }
}
