import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Disk } from './disk.js'

/** Flushes a file's content, or a folder's entries. */
export async function sync(disk: Disk, path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await disk.sync(handle)
  } finally {
    await handle.close()
  }
}

/**
 * Flushes a folder and all above it, to `root`. Always the whole way: a folder that was there already
 * may be one that another process made a moment ago and has not flushed yet.
 */
export async function syncUpTo(disk: Disk, root: string, folder: string): Promise<void> {
  for (let at = folder; ; at = dirname(at)) {
    await sync(disk, at)
    if (at === root) return
  }
}

/** A new file, flushed. */
export async function writeDurably(disk: Disk, path: string, text: string): Promise<void> {
  const handle = await disk.create(path)
  try {
    await disk.write(handle, text)
    await disk.sync(handle)
  } finally {
    await handle.close()
  }
}

/** Text at the end of a file, which is made where there is none. */
export async function append(disk: Disk, path: string, text: string): Promise<void> {
  const handle = await open(path, 'a')
  try {
    await disk.write(handle, text)
  } finally {
    await handle.close()
  }
}
