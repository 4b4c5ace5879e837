import { createHash } from 'node:crypto'
import type { ImagesInput } from '../../spec/ipc-messages.js'

const maxKept = 100
const keptMs = 10 * 60_000

/** Remembers inputs that end the process which runs them, so that a client that sends them again does not end another. */
export class PoisonList {
  /** When each digest was added. */
  private readonly added = new Map<string, number>()

  add(folder: string, input: ImagesInput): void {
    if (this.added.size >= maxKept) this.added.delete(this.added.keys().next().value!)
    this.added.set(digest(folder, input), performance.now())
  }

  has(folder: string, input: ImagesInput): boolean {
    for (const [key, at] of this.added) {
      if (performance.now() - at > keptMs) this.added.delete(key)
    }
    return this.added.size > 0 && this.added.has(digest(folder, input))
  }
}

function digest(folder: string, input: ImagesInput): string {
  const hash = createHash('sha256').update(folder)
  const contents = input.kind === 'pixels' ? [input.data] : input.files
  for (const bytes of contents) hash.update(`\0${bytes.byteLength}\0`).update(bytes)
  return hash.digest('base64')
}
