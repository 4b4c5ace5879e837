import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { detectFormat } from '../../../src/datasets/detect.js'
import { type UploadForm, validateForm } from '../../../src/datasets/form.js'
import { checkFieldsApply, type ValidatedForm } from '../../../src/datasets/form-fields.js'
import { InputFile } from '../../../src/datasets/input-file.js'
import { type DatasetLimits, defaultLimits } from '../../../src/datasets/limits.js'
import { ProblemList } from '../../../src/datasets/problem-list.js'
import { convertTable } from '../../../src/datasets/tables/table-conversion.js'
import { openTableReader, type TableReader } from '../../../src/datasets/tables/table-reader.js'
import { TrainyardError } from '../../../src/errors.js'
import type { TableManifest } from '../../../src/spec/dataset.js'

export interface ReadTable {
  table: TableManifest
  reader: TableReader
  /** The folder with the shards. */
  folder: string
  /** Codes of the notes. */
  codes: string[]
  /** Messages of the notes, a line for each. */
  notes: string
}

let folders = 0

/** Converts a CSV as an upload does, but in this process. */
export function readTable(
  root: string,
  csv: string | Buffer,
  form: UploadForm = {},
  limits: Partial<DatasetLimits> = {},
): ReadTable {
  const folder = join(root, String(folders++))
  mkdirSync(folder)
  const path = join(folder, 'upload')
  writeFileSync(path, csv)
  const content = convertFile(path, folder, validateForm(form), { ...defaultLimits, ...limits })
  const table = { ...content, name: content.id, createdAt: '2026-01-01T00:00:00.000Z' }
  const paths = table.shards.map(({ name }) => join(folder, name))
  const notes = table.notes ?? []
  return {
    table,
    reader: openTableReader(paths, table),
    folder,
    codes: notes.map(({ code }) => code),
    notes: notes.map(({ message }) => message).join('\n'),
  }
}

function convertFile(path: string, folder: string, form: ValidatedForm, limits: DatasetLimits) {
  const file = new InputFile('t.csv', path)
  try {
    const format = detectFormat([file])
    if (format !== 'CSV') throw new Error(`read as ${format}`)
    checkFieldsApply(form.fieldNames, 'table')
    return convertTable({
      files: [file],
      form: form.table,
      folder,
      scratch: folder,
      limits,
      problems: new ProblemList(form.onError, 'rows'),
      report: () => {},
    })
  } finally {
    file.close()
  }
}

/** The code and message of the error that refuses a CSV, or `accepted`. */
export const refusal = (root: string, csv: string | Buffer, form: UploadForm = {}): string => {
  const error = refusalOf(root, csv, form)
  return error ? `${error.code} ${error.message}` : 'accepted'
}

/** The error that refuses a CSV; null if it is accepted. */
export function refusalOf(...read: Parameters<typeof readTable>): TrainyardError | null {
  try {
    readTable(...read)
  } catch (error) {
    if (error instanceof TrainyardError) return error
    throw error
  }
  return null
}

export const lines = (...rows: string[]): string => `${rows.join('\n')}\n`

/** A CSV of `count` rows below the header. */
export const rowsOf = (header: string, count: number, row: (n: number) => string): string =>
  lines(header, ...Array.from({ length: count }, (_, n) => row(n)))
