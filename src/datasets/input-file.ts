import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** A spooled upload, read at any offset; synchronous, since only the conversion process reads it. */
export class InputFile {
  readonly size: number
  private readonly descriptor: number
  private buffer = Buffer.alloc(64 * 1024)

  constructor(
    readonly name: string,
    path: string,
  ) {
    this.descriptor = openSync(path, 'r')
    this.size = fstatSync(this.descriptor).size
  }

  /** Bytes that the next call overwrites; fewer than asked for at the end of the file. */
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
