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

interface Flush {
  running: Promise<void>
  /** For those who came while it ran: what they did may have missed it. */
  next: Promise<void> | null
}

const flushes = new Map<string, Flush>()

/**
 * Flushes a folder's entries, as of now, together with all others who ask at the same time: one
 * flush that begins after their calls serves them all.
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
 * Flushes a folder and all above it, to `root`. Always the whole way: a folder that was there already
 * may be one that another process made a moment ago and has not flushed yet.
 */
export async function syncUpTo(disk: Disk, root: string, folder: string): Promise<void> {
  for (let current = folder; ; current = dirname(current)) {
    await syncFolder(disk, current)
    if (current === root) return
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

/** Text, or its bytes, at the end of a file, which is made where there is none. */
export async function append(disk: Disk, path: string, text: string | Uint8Array): Promise<void> {
  const handle = await open(path, 'a')
  try {
    await disk.write(handle, text)
  } finally {
    await handle.close()
  }
}
