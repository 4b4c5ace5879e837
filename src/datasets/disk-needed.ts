import { statfsSync } from 'node:fs'
import { TrainyardError } from '../errors.js'

/** Throws STORAGE_FULL, with the bytes, if the disk of a folder has not as much free space as a conversion will write. */
export function assertDiskSpace(folder: string, bytes: number): void {
  const { bavail, bsize, blocks } = statfsSync(folder)
  const free = bavail * bsize
  // some file systems do not tell
  if (blocks === 0 || bytes <= free) return
  const message = `the data set needs ${bytes} bytes on the disk of the data folder, of which ${free} are free: free some space, or send fewer or smaller images (form field resize)`
  throw new TrainyardError('STORAGE_FULL', message)
}
