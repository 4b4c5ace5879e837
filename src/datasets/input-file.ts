import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** An uploaded file on disk, read at any offset. Synchronous, since only the conversion process uses it. */
export class InputFile {
  readonly size: number
  private readonly descriptor: number
  private buffer = Buffer.alloc(64 * 1024)

  constructor(
    readonly name: string,
    readonly path: string,
  ) {
    this.descriptor = openSync(path, 'r')
    this.size = fstatSync(this.descriptor).size
  }

  /** Returns the bytes at an offset, fewer at the end of the file. The next call overwrites them. */
  read(offset: number, length: number): Buffer {
    const bytesToRead = Math.max(0, Math.min(length, this.size - offset))
    if (bytesToRead > this.buffer.length) this.buffer = Buffer.alloc(bytesToRead)
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

  close(): void {
    closeSync(this.descriptor)
  }
}
