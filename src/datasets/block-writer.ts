const blockBytes = 1 << 20

/** Collects bytes to blocks of a megabyte in one buffer: a new one for each would keep the garbage collector busy. */
export class BlockWriter {
  /** The bytes that `append` got. */
  bytes = 0
  private readonly block = Buffer.allocUnsafeSlow(blockBytes)
  private filled = 0

  /** `write` gets the bytes in order. The next ones overwrite them. */
  constructor(private readonly write: (bytes: Uint8Array) => void) {}

  /** Copies the bytes. */
  append(bytes: Uint8Array): void {
    if (this.filled + bytes.length > blockBytes) this.flush()
    this.bytes += bytes.length
    if (bytes.length > blockBytes) {
      this.write(bytes)
      return
    }
    this.block.set(bytes, this.filled)
    this.filled += bytes.length
  }

  flush(): void {
    if (this.filled === 0) return
    const filled = this.block.subarray(0, this.filled)
    this.filled = 0
    this.write(filled)
  }
}
