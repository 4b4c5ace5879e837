import { closeSync, openSync, readSync, statSync } from 'node:fs'

/** An uploaded file on disk, read at any offset. Synchronous, since only the conversion process uses it. */
export class InputFile {
  readonly size: number
  private descriptor: number | null = null
  private buffer = Buffer.alloc(0)

  constructor(
    readonly name: string,
    readonly path: string,
    /** The path that the client gave, which need not be one. */
    readonly clientPath = name,
  ) {
    this.size = statSync(path).size
  }

  /** Returns the bytes at an offset, fewer at the end of the file. The next call overwrites them. */
  read(offset: number, length: number): Buffer {
    const bytesToRead = Math.max(0, Math.min(length, this.size - offset))
    if (bytesToRead > this.buffer.length) this.buffer = Buffer.alloc(Math.max(bytesToRead, 4096))
    this.descriptor ??= openSync(this.path, 'r')
    let bytesFilled = 0
    while (bytesFilled < bytesToRead) {
      const bytesRead = readSync(
        this.descriptor,
        this.buffer,
        bytesFilled,
        bytesToRead - bytesFilled,
        offset + bytesFilled,
      )
      if (bytesRead === 0) throw new Error(`${this.name} shrank while it was read`)
      bytesFilled += bytesRead
    }
    return this.buffer.subarray(0, bytesToRead)
  }

  /** Releases the descriptor and the memory. The next read opens the file again. */
  close(): void {
    if (this.descriptor !== null) closeSync(this.descriptor)
    this.descriptor = null
    this.buffer = Buffer.alloc(0)
  }
}
