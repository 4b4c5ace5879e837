import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ConversionResult, convert } from '../../src/datasets/conversion.js'
import { type UploadForm, validateForm } from '../../src/datasets/form.js'
import { type DatasetLimits, defaultLimits } from '../../src/datasets/limits.js'
import { eventually } from '../../testing/eventually.js'

export interface Converted {
  result: ConversionResult
  /** Has `shards/`. */
  folder: string
}

let folders = 0

/** Converts files as an upload does, but in this process. Rejects if they are refused. */
export async function convertFiles(
  root: string,
  files: Readonly<Record<string, Uint8Array>>,
  form: UploadForm = {},
  limits: Partial<DatasetLimits> = {},
): Promise<Converted> {
  const place = join(root, String(folders++))
  const [uploads, scratch, folder] = ['uploads', 'scratch', 'staged'].map(name =>
    join(place, name),
  ) as [string, string, string]
  for (const each of [uploads, scratch, folder]) mkdirSync(each, { recursive: true })
  const inputs = Object.entries(files).map(([name, content], index) => {
    const path = join(uploads, String(index))
    writeFileSync(path, content)
    return { name, path }
  })
  const result = await convert({
    files: inputs,
    form: validateForm(form),
    folder,
    scratch,
    limits: { ...defaultLimits, ...limits },
  })
  return { result, folder }
}

/** Runs `work` with an empty folder, and removes what it leaves there. */
export async function inFolder<Result>(
  root: string,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = join(root, `work-${folders++}`)
  mkdirSync(folder)
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Number of files that this process has open. */
export const openFiles = (): number => readdirSync('/proc/self/fd').length

/** Waits until no more files are open than before: a thread that helped ends a moment after what it helped with. */
export async function filesClosed(before: number): Promise<void> {
  await eventually('the files to be closed', () => {
    const now = openFiles()
    assert.ok(now <= before, `${now} files are open, ${before} before`)
    return true
  })
}
