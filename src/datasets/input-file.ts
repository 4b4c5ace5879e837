import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { sourceChanged } from './errors.js'

/** What tells that a path still leads to the same file with the same content. */
export interface FileIdentity {
  device: number
  inode: number
  size: number
  modifiedMs: number
}

export const identityOf = ({ dev, ino, size, mtimeMs }: Stats): FileIdentity => ({
  device: dev,
  inode: ino,
  size,
  modifiedMs: mtimeMs,
})

/** Whether it is the same file, and nothing has been written to it. */
export const isSameFile = (a: FileIdentity, b: FileIdentity) =>
  a.device === b.device && a.inode === b.inode && a.size === b.size && a.modifiedMs === b.modifiedMs

/** A folder may have more files than a process may open. */
const maxOpenFiles = 128
const openFiles = new Set<InputFile>()

/** A file on disk, read at any offset. Synchronous, since only the conversion process uses it. */
export class InputFile {
  readonly size: number
  private descriptor: number | null = null
  private buffer = Buffer.alloc(0)
  private readonly identity: FileIdentity

  /** `expected` is given for a file that is not the server's own: throws SOURCE_CHANGED if it is another by now. */
  constructor(
    readonly name: string,
    readonly path: string,
    /** The path that the client gave, which need not be one. */
    readonly clientPath = name,
    private readonly expected: FileIdentity | null = null,
  ) {
    this.identity = this.readIdentity()
    this.size = this.identity.size
  }

  /** Returns the bytes at an offset, fewer at the end of the file. The next call overwrites them. */
  read(offset: number, length: number): Buffer {
    const bytesToRead = Math.max(0, Math.min(length, this.size - offset))
    if (bytesToRead > this.buffer.length) this.buffer = Buffer.alloc(Math.max(bytesToRead, 4096))
    const bytes = this.buffer.subarray(0, bytesToRead)
    this.readInto(offset, bytes)
    return bytes
  }

  /** Fills an array with the bytes from an offset on, which the file must have. */
  readInto(offset: number, bytes: Uint8Array): void {
    const descriptor = this.open()
    for (let filled = 0; filled < bytes.length; ) {
      const read = readSync(descriptor, bytes, filled, bytes.length - filled, offset + filled)
      if (read === 0) throw sourceChanged(this.name)
      filled += read
    }
  }

  /** Throws SOURCE_CHANGED if the file was written or replaced since it was found. */
  assertUnchanged(): void {
    if (this.expected && !isSameFile(this.readIdentity(), this.identity))
      throw sourceChanged(this.name)
  }

  /** Releases the descriptor and the memory. The next read opens the file again. */
  close(): void {
    openFiles.delete(this)
    if (this.descriptor !== null) closeSync(this.descriptor)
    this.descriptor = null
    this.buffer = Buffer.alloc(0)
  }

  private readIdentity(): FileIdentity {
    this.close()
    const identity = identityOf(fstatSync(this.open()))
    if (this.expected && !isSameFile(identity, this.expected)) throw sourceChanged(this.name)
    return identity
  }

  private open(): number {
    if (this.descriptor !== null) return this.descriptor
    const [oldest] = openFiles
    if (oldest && openFiles.size >= maxOpenFiles) oldest.close()
    // a link or a pipe may have taken the place of a file that is not the server's own
    const guards = this.expected ? constants.O_NOFOLLOW | constants.O_NONBLOCK : 0
    try {
      this.descriptor = openSync(this.path, constants.O_RDONLY | guards)
    } catch (error) {
      throw this.expected ? sourceChanged(this.name, error) : error
    }
    openFiles.add(this)
    return this.descriptor
  }
}
