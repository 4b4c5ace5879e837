import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** A spooled upload, read at any offset; synchronous, since only the conversion process reads it. */
export class InputFile {
  readonly bytes: number
  private readonly descriptor: number
  private scratch = Buffer.alloc(64 * 1024)

  constructor(
    readonly name: string,
    path: string,
  ) {
    this.descriptor = openSync(path, 'r')
    this.bytes = fstatSync(this.descriptor).size
  }

  /** Bytes that the next call overwrites; fewer than asked for at the end of the file. */
  read(offset: number, length: number): Buffer {
    const wanted = Math.max(0, Math.min(length, this.bytes - offset))
    if (wanted > this.scratch.length) this.scratch = Buffer.alloc(wanted)
    let filled = 0
    while (filled < wanted) {
      const bytes = readSync(
        this.descriptor,
        this.scratch,
        filled,
        wanted - filled,
        offset + filled,
      )
      if (bytes === 0) throw new Error(`${this.name} shrank while it was read`)
      filled += bytes
    }
    return this.scratch.subarray(0, wanted)
  }

  close(): void {
    closeSync(this.descriptor)
  }
}
