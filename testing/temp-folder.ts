import { mkdtempSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs `work` with a new folder, which is removed afterwards, also if the process exits during the work. */
export async function withTempFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-'))
  const removeFolder = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', removeFolder)
  try {
    return await work(folder)
  } finally {
    process.off('exit', removeFolder)
    removeFolder()
  }
}

/** A new folder, which is removed when the process exits. */
export function processFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The context of a test, or `{ after }` of node:test for a whole file. */
export interface CleanupScope {
  after(clean: () => unknown): void
}

/**
 * Makes a folder that is removed after the test. Node runs the hooks in the order in which they were
 * added, so a process of the test may still write in the folder; a hook that fails would keep the
 * later ones, which end that process, from running.
 */
export async function tempFolder(scope: CleanupScope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-'))
  scope.after(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }))
  return folder
}
