import { statfs } from 'node:fs/promises'
import { TrainyardError } from '../errors.js'
import { reservedBytes } from './disk-space.js'
import { recordDiskFailure } from './storage-errors.js'

/** How many bytes are written between two checks. */
const checkedBytes = 64 * 2 ** 20

/** The bytes that may be written to the disk of a path, beside what the server keeps free; null if unknown. */
export async function roomAt(path: string): Promise<number | null> {
  const { blocks, bavail, bsize } = await statfs(path)
  if (blocks === 0) return null
  return Math.max(0, bavail * bsize - reservedBytes(blocks * bsize))
}

/** Throws STORAGE_FULL if the disk of a path has less room than `what` needs. `cure` is what may help beside more space. */
export async function assertRoom(
  path: string,
  bytes: number,
  what: string,
  cure?: string,
): Promise<void> {
  const room = await roomAt(path)
  if (room === null || room >= bytes) return
  recordDiskFailure()
  const needs = `${what} needs ${bytes} bytes (estimated) on the disk of the data folder, of which ${room} are free`
  const message = `${needs}: free some space${cure === undefined ? '' : `, or ${cure}`}`
  throw new TrainyardError('STORAGE_FULL', message)
}

/** Looks at the disk now and then while a file of unknown length is written. */
export class RoomWatch {
  private bytes = 0

  constructor(
    private readonly path: string,
    private readonly what: string,
  ) {}

  /** Call before a write. Throws STORAGE_FULL if the disk is nearly full. */
  async count(bytes: number): Promise<void> {
    this.bytes += bytes
    if (this.bytes < checkedBytes) return
    this.bytes = 0
    await assertRoom(this.path, checkedBytes, `the next part of ${this.what}`)
  }
}
