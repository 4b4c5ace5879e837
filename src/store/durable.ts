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

/**
 * Flushes a folder and all above it, to `root`. Always the whole way: a folder that was there already
 * may be one that another process made a moment ago and has not flushed yet.
 */
export async function syncUpTo(root: string, folder: string): Promise<void> {
  for (let at = folder; ; at = dirname(at)) {
    await sync(at)
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
