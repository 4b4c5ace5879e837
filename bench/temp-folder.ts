import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for as long as the work takes; an interrupt takes it along. */
export async function withScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
  const discard = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', discard)
  try {
    return await work(folder)
  } finally {
    process.off('exit', discard)
    discard()
  }
}
