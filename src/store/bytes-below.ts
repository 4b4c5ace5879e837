import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ignoreCodes } from './storage-errors.js'

/** The bytes that removing a file, or all files of a folder, frees. Files with another hard link do not count. */
export async function bytesBelow(path: string): Promise<number> {
  const entry = await lstat(path).catch(ignoreCodes(null, 'ENOENT', 'ENOTDIR'))
  if (!entry) return 0
  if (!entry.isDirectory()) return entry.nlink === 1 ? entry.size : 0
  let bytes = 0
  for (const name of await readdir(path)) bytes += await bytesBelow(join(path, name))
  return bytes
}
