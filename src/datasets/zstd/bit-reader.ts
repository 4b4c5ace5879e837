/** Data that are no valid Zstandard. */
export class ZstdError extends Error {}

/**
 * Reads a bit stream from its end to its start, as Zstandard writes entropy-coded data. The highest bit that is
 * set in the last byte marks the end (RFC 8878, 4.1).
 */
export class BackwardBits {
  /** Bits that are left. */
  left: number

  constructor(
    private readonly bytes: Uint8Array,
    private readonly start: number,
    end: number,
  ) {
    const last = end > start ? bytes[end - 1]! : 0
    if (last === 0) throw new ZstdError('a bit stream has no end mark')
    this.left = (end - start) * 8 - Math.clz32(last) + 23
  }

  /** At most 25 bits. */
  read(count: number): number {
    if (count > this.left) throw new ZstdError('a bit stream ends early')
    this.left -= count
    return this.at(this.left) & ((1 << count) - 1)
  }

  /** The next `count` bits, at most 25, without taking them. After the end come zeros. */
  peek(count: number): number {
    if (count <= this.left) return this.at(this.left - count) & ((1 << count) - 1)
    return (this.at(0) & ((1 << this.left) - 1)) << (count - this.left)
  }

  skip(count: number): void {
    if (count > this.left) throw new ZstdError('a bit stream ends early')
    this.left -= count
  }

  private at(bit: number): number {
    const { bytes } = this
    const at = this.start + (bit >>> 3)
    // bytes after the end are never used
    const word =
      bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    return word >>> (bit & 7)
  }
}
