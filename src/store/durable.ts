import { open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Flushes a file's content, or a folder's entries. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
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
function syncFolder(path: string): Promise<void> {
  const flush = flushes.get(path)
  if (flush) {
    flush.next ??= flush.running.then(ignore, ignore).then(() => begin(path))
    return flush.next
  }
  return begin(path)
}

function begin(path: string): Promise<void> {
  const running = sync(path)
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
export async function syncUpTo(root: string, folder: string): Promise<void> {
  for (let at = folder; ; at = dirname(at)) {
    await syncFolder(at)
    if (at === root) return
  }
}

/** A new file, flushed. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx')
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
