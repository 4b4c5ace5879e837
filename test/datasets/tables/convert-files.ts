import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { convert } from '../../../src/datasets/conversion.js'
import { type UploadForm, validateForm } from '../../../src/datasets/form.js'
import { type DatasetLimits, defaultLimits } from '../../../src/datasets/limits.js'
import { openTableReader } from '../../../src/datasets/tables/table-reader.js'
import type { TableManifest } from '../../../src/spec/dataset.js'

/** A file of an upload: a path, or a name with content. */
export type UploadedFile = string | { name: string; content: Uint8Array | string }

let folders = 0

/** Converts files to a table as an upload does, but in this process. */
export async function convertFiles(
  root: string,
  files: readonly UploadedFile[],
  form: UploadForm = {},
  limits: Partial<DatasetLimits> = {},
) {
  const folder = join(root, `converted-${folders++}`)
  mkdirSync(folder)
  const result = await convert({
    files: files.map((file, at) => {
      if (typeof file === 'string') return { name: basename(file), path: file }
      const path = join(folder, `upload-${at}`)
      writeFileSync(path, file.content)
      return { name: file.name, path }
    }),
    form: validateForm(form),
    folder,
    scratch: folder,
    limits: { ...defaultLimits, ...limits },
  })
  if (result.kind !== 'table') throw new Error(`converted to ${result.kind}`)
  const table: TableManifest = { ...result, name: 'table', createdAt: '2026-01-01T00:00:00.000Z' }
  const paths = table.shards.map(({ name }) => join(folder, name))
  const notes = table.notes ?? []
  return {
    table,
    reader: openTableReader(paths, table),
    codes: notes.map(({ code }) => code),
    notes: notes.map(({ message }) => message).join('\n'),
    shardPaths: paths,
  }
}
