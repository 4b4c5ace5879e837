import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Disk } from './disk.js'

/** Flushes the content of a file, or the entries of a folder, to the disk. */
export async function sync(disk: Disk, path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await disk.sync(handle)
  } finally {
    await handle.close()
  }
}

interface Flush {
  running: Promise<void>
  /** For callers that came while `running` ran, since it may have missed their changes. */
  next: Promise<void> | null
}

const flushes = new Map<string, Flush>()

/**
 * Flushes a folder's entries. Concurrent callers share a flush: one that starts after their calls
 * serves all of them.
 */
function syncFolder(disk: Disk, path: string): Promise<void> {
  const flush = flushes.get(path)
  if (flush) {
    flush.next ??= flush.running.then(ignore, ignore).then(() => startFlush(disk, path))
    return flush.next
  }
  return startFlush(disk, path)
}

function startFlush(disk: Disk, path: string): Promise<void> {
  const running = sync(disk, path)
  const flush: Flush = { running, next: null }
  flushes.set(path, flush)
  const end = () => {
    if (!flush.next && flushes.get(path) === flush) flushes.delete(path)
  }
  running.then(end, end)
  return running
}

const ignore = () => {}

/**
 * Flushes a folder and all its parents up to `root`. It flushes existing parents too, because another
 * process may have created one of them and not flushed it yet.
 */
export async function syncUpTo(disk: Disk, root: string, folder: string): Promise<void> {
  for (let current = folder; ; current = dirname(current)) {
    await syncFolder(disk, current)
    if (current === root) return
  }
}

/** Creates a file with this text and flushes it. Fails with EEXIST if the path exists. */
export async function writeDurably(
  disk: Disk,
  path: string,
  text: string | Uint8Array,
): Promise<void> {
  const handle = await disk.create(path)
  try {
    await disk.write(handle, text)
    await disk.sync(handle)
  } finally {
    await handle.close()
  }
}

/**
 * Appends to a file, and creates it if it does not exist. Does not flush. If only a part fits on the disk,
 * it is taken back, so that the next append does not continue half a line.
 */
export async function append(disk: Disk, path: string, text: string | Uint8Array): Promise<void> {
  const handle = await open(path, 'a')
  try {
    const { size } = await handle.stat()
    try {
      await disk.write(handle, text)
    } catch (error) {
      await handle.truncate(size).catch(ignore)
      throw error
    }
  } finally {
    await handle.close()
  }
}
