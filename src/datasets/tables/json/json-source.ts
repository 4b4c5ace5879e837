import { listNames, Notes } from '../../../spec/notes.js'
import { fileError } from '../../errors.js'
import type { InputFile } from '../../input-file.js'
import type { DatasetLimits } from '../../limits.js'
import type { ProblemList } from '../../problem-list.js'
import type { ColumnBatch, ColumnSource, SourceColumn } from '../columns/column-batch.js'
import { quoteCell } from '../csv.js'
import type { TableForm } from '../table-form.js'
import { checkSourceNames } from '../typed-table.js'
import { BrokenLines } from './broken-lines.js'
import { type ColumnCollector, createCollector, KeyKinds } from './json-columns.js'
import { JsonRecords, type RecordVisitor } from './json-records.js'
import { JsonError, JsonLimitError, type LiteralKind } from './json-scanner.js'

const maxBatchRows = 16_384
const batchBytes = 4 * 2 ** 20

interface Key {
  kinds: KeyKinds
  /** The record in which it was seen last. */
  record: number
}

/**
 * Records of JSON Lines, or of a list. Reads them once to find the keys and what their values are, since any record
 * may have another key. Objects within a record become columns such as a.b; a record without a key lacks the value.
 */
export function openJson(
  files: readonly InputFile[],
  form: TableForm,
  limits: DatasetLimits,
  problems: ProblemList,
): ColumnSource {
  const broken = problems.skips ? new BrokenLines(problems) : null
  let { keys, records } = findKeys(files, limits, broken)
  problems.check(records + problems.skipped)
  // what a broken line has before its error is none of the table
  if (broken && broken.count > 0) ({ keys } = findKeys(files, limits, broken))
  const categories = new Set(
    form.types.filter(([, type]) => isTextType(type)).map(([name]) => name),
  )
  const columns = [...keys].flatMap(([name, { kinds }]): SourceColumn[] => {
    if (kinds.type === null) return []
    // a code such as 1.0 is kept as it is written
    const asText = categories.has(name) && kinds.type !== 'boolean'
    return [{ name, type: asText ? 'text' : kinds.type }]
  })
  const lists = [...keys].filter(([, { kinds }]) => kinds.type === null).map(([name]) => name)
  if (columns.length === 0) {
    const detail = `no key has numbers, booleans or texts: ${listNames(lists) || 'there are none'}`
    throw fileError('DATASET_FORMAT', { file: files[0]!.name }, detail)
  }
  const names = columns.map(({ name }) => name)
  checkSourceNames(files[0]!.name, names, limits)
  const notes = new Notes()
  noteKeys(keys, names, lists, notes)
  return {
    columns,
    notes: notes.all,
    *batches() {
      for (const file of files) yield* readBatches(file, columns, limits, broken)
    },
  }
}

const isTextType = (type: string) => type === 'category' || type === 'text'

function noteKeys(
  keys: ReadonlyMap<string, Key>,
  names: readonly string[],
  lists: readonly string[],
  notes: Notes,
): void {
  if (lists.length > 0) {
    const message = `keys hold lists, which a table cannot have, and are left out: ${listNames(lists)}`
    notes.add('columns_unreadable', message, lists)
  }
  const nested = names.filter(name => name.includes('.'))
  if (nested.length > 0) {
    const message = `objects within the records are columns of their own, such as a.b: ${listNames(nested)}`
    notes.add('objects_flattened', message, nested)
  }
  const mixed = names.filter(name => keys.get(name)!.kinds.isMixed)
  if (mixed.length === 0) return
  const message = `keys have texts in some records, and numbers or booleans in others, and are read as texts: ${listNames(mixed)}; if they are numbers, send schema={${JSON.stringify(mixed[0])}:"number"}`
  notes.add('mixed_types', message, mixed)
}

/** Visits all records once. */
function findKeys(
  files: readonly InputFile[],
  limits: DatasetLimits,
  broken: BrokenLines | null,
): { keys: Map<string, Key>; records: number } {
  const keys = new Map<string, Key>()
  let records = 0
  // also counts records that are begun at the end of a window, and read again with the next one
  let record = 0
  const kindsOf = (path: string, at: number): KeyKinds => {
    let key = keys.get(path)
    if (!key) {
      key = { kinds: new KeyKinds(), record: -1 }
      if (keys.size === limits.columns)
        throw new JsonLimitError(`the records have more than ${limits.columns} keys`, at)
      keys.set(path, key)
    }
    if (key.record === record)
      throw new JsonError(`the record has the key ${quoteCell(path)} twice`, at)
    key.record = record
    return key.kinds
  }
  const visitor: RecordVisitor = {
    beginRecord() {
      record++
    },
    endRecord() {
      records++
    },
    literal(path, kind, start) {
      const kinds = kindsOf(path, start)
      if (kind === 'integer') kinds.integers++
      else if (kind === 'number') kinds.numbers++
      else if (kind !== 'null') kinds.booleans++
    },
    text(path, start) {
      kindsOf(path, start).texts++
    },
    list(path, start) {
      kindsOf(path, start).lists++
    },
  }
  for (const file of files) {
    for (const _ of new JsonRecords(file, limits.rowBytes, visitor, broken).read()) {
      if (records > limits.rows) {
        const detail = `the table has more than ${limits.rows} rows`
        throw fileError('DATASET_TOO_LARGE', { file: file.name }, detail)
      }
    }
  }
  return { keys, records }
}

function* readBatches(
  file: InputFile,
  columns: readonly SourceColumn[],
  limits: DatasetLimits,
  broken: BrokenLines | null,
): Generator<ColumnBatch> {
  const batchRows = Math.min(maxBatchRows, Math.ceil(batchBytes / (8 * columns.length)))
  const collectors = columns.map(({ type }) => createCollector(type, batchRows))
  const byName = new Map(columns.map(({ name }, at) => [name, collectors[at]!]))
  const batch = new BatchVisitor(byName)
  let firstRow = 0
  const finish = (): ColumnBatch => {
    const { rows } = batch
    batch.rows = 0
    batch.bytes = 0
    firstRow += rows
    const values = collectors.map(collector => collector.finish(rows))
    return { file: file.name, firstRow: firstRow - rows, rows, columns: values }
  }
  for (const found of new JsonRecords(file, limits.rowBytes, batch, broken).read()) {
    const isFull = batch.rows === batchRows || batch.bytes > batchBytes
    // broken lines are counted, so that the rows of a batch must be those of lines without one between them
    if (isFull || (found === 'broken' && batch.rows > 0)) yield finish()
    if (found === 'broken') firstRow++
  }
  if (batch.rows > 0) yield finish()
}

class BatchVisitor implements RecordVisitor {
  rows = 0
  /** Bytes of the values. */
  bytes = 0
  private content: Buffer = Buffer.alloc(0)

  constructor(private readonly collectors: ReadonlyMap<string, ColumnCollector>) {}

  beginRecord(bytes: Buffer): void {
    this.content = bytes
  }

  endRecord(): void {
    this.rows++
  }

  literal(path: string, kind: LiteralKind, start: number, end: number): void {
    this.bytes += end - start
    this.collectors.get(path)?.literal(this.rows, kind, this.content, start, end)
  }

  text(path: string, start: number, end: number, hasEscapes: boolean): void {
    this.bytes += end - start
    this.collectors.get(path)?.text(this.rows, this.content, start, end, hasEscapes)
  }

  list(): void {}
}
