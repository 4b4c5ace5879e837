// The library that reads and writes Arrow takes half a second to load, so the API imports this in a thread only.
import { readFile, writeFile } from 'node:fs/promises'
import {
  Field,
  Float32,
  Int32,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
  tableFromIPC,
} from 'apache-arrow'
import type { EvaluatedRecords, EvaluationRecordsHead } from '../spec/evaluation-records.js'

const columnsOfKind = {
  classes: ['index', 'label', 'predicted', 'probability', 'labelProbability'],
  numbers: ['index', 'target', 'predicted'],
} as const

const metadataKey = 'trainyard'

/** Writes one batch, whose columns are numbers without nulls. The same records give the same bytes. */
export async function writeEvaluationRecords(
  path: string,
  records: EvaluatedRecords,
  { dataset, evaluated }: Pick<EvaluationRecordsHead, 'dataset' | 'evaluated'>,
): Promise<void> {
  const { kind } = records
  const head: EvaluationRecordsHead = { format: 1, kind, dataset, evaluated }
  const columns: Readonly<Record<string, Int32Array | Float32Array>> = withoutKind(records)
  const children = columnsOfKind[kind].map(name => dataOf(columns[name]!))
  const fields = columnsOfKind[kind].map((name, i) => new Field(name, children[i]!.type, false))
  const schema = new Schema(fields, new Map([[metadataKey, JSON.stringify(head)]]))
  const { length } = records.index
  const rows = makeData({ type: new Struct(fields), length, nullCount: 0, children })
  await writeFile(
    path,
    RecordBatchFileWriter.writeAll([new RecordBatch(schema, rows)]).toUint8Array(true),
  )
}

const withoutKind = ({ kind: _, ...columns }: EvaluatedRecords) => columns

function dataOf(values: Int32Array | Float32Array) {
  const { length } = values
  return values instanceof Int32Array
    ? makeData({ type: new Int32(), length, nullCount: 0, data: values })
    : makeData({ type: new Float32(), length, nullCount: 0, data: values })
}

export async function readEvaluationRecords(
  path: string,
): Promise<{ head: EvaluationRecordsHead; records: EvaluatedRecords }> {
  const table = tableFromIPC(await readFile(path))
  const text = table.schema.metadata.get(metadataKey)
  if (text === undefined) throw new Error(`${path} has no metadata '${metadataKey}'`)
  const head = JSON.parse(text) as EvaluationRecordsHead
  const columns = columnsOfKind[head.kind].map(name => {
    const column = table.getChild(name)
    if (!column) throw new Error(`${path} has no column '${name}'`)
    return [name, column.toArray()]
  })
  return { head, records: { kind: head.kind, ...Object.fromEntries(columns) } }
}

const pick = (values: Int32Array | Float32Array, at: readonly number[]) =>
  values instanceof Int32Array
    ? Int32Array.from(at, i => values[i]!)
    : Float32Array.from(at, i => values[i]!)

export interface RecordSelection {
  /** Number of the class that records belong to; null for all. */
  label: number | null
  /** Number of the class that records are predicted as; null for all. */
  predicted: number | null
  /** Position in the file of the first record of the page. */
  from: number
  limit: number
}

/** A page of the records that match. */
export interface SelectedRecords {
  head: EvaluationRecordsHead
  records: EvaluatedRecords
  /** In the whole file. */
  total: number
  kept: number
  /** Position in the file of the first record of the next page; null on the last page. */
  next: number | null
}

/** Reads a page of the records that match. Only records of classes can be selected. */
export async function selectEvaluationRecords(
  path: string,
  { label, predicted, from, limit }: RecordSelection,
): Promise<SelectedRecords> {
  const { head, records } = await readEvaluationRecords(path)
  const kept = records.index.length
  const matches = (i: number) =>
    records.kind === 'numbers' ||
    ((label === null || records.label[i] === label) &&
      (predicted === null || records.predicted[i] === predicted))
  const chosen: number[] = []
  let total = 0
  let next: number | null = null
  for (let i = 0; i < kept; i++) {
    if (!matches(i)) continue
    total++
    if (i < from) continue
    if (chosen.length < limit) chosen.push(i)
    else next ??= i
  }
  const columns = Object.entries(withoutKind(records)).map(([name, values]) => [
    name,
    pick(values, chosen),
  ])
  const page = { kind: records.kind, ...Object.fromEntries(columns) } as EvaluatedRecords
  return { head, records: page, total, kept, next }
}
