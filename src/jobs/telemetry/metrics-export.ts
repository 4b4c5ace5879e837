import type { LoggedRow } from '../../spec/metrics.js'
import type { Store } from '../../store/store.js'
import type { AttemptRecord } from '../record/records.js'
import { metricNames } from './metrics-chart.js'
import { type MetricsLog, positionOf, type StepRange } from './metrics-log.js'

export interface ExportQuery extends StepRange {
  names?: readonly string[]
}

/** Rows as JSON lines, a piece of the log at a time. */
export async function* ndjsonOf(
  log: MetricsLog,
  id: string,
  attempts: readonly AttemptRecord[],
  query: ExportQuery,
): AsyncGenerator<string> {
  for await (const rows of log.chunks(id, attempts, query)) {
    const wanted = rows.flatMap(row => selectMetrics(row, query.names))
    if (wanted.length > 0) yield wanted.map(row => `${JSON.stringify(row)}\n`).join('')
  }
}

/**
 * The rows that there are when it begins, one a line (RFC 4180), with a column for each name; what a row
 * did not measure is empty.
 */
export async function* csvOf(
  { log, store }: { log: MetricsLog; store: Store },
  id: string,
  attempts: readonly AttemptRecord[],
  query: ExportQuery,
): AsyncGenerator<string> {
  // a row that comes later may have a name that the header lacks
  const { position } = await log.end(id, attempts)
  const found = await metricNames(store, id, attempts, query)
  const names = query.names ? query.names.filter(name => found.includes(name)) : found
  yield `${['step', 'time', ...names].map(csvField).join(',')}\r\n`
  for await (const rows of log.chunks(id, attempts, query)) {
    const lines = rows
      .filter(row => positionOf(row) <= position)
      .flatMap(row => selectMetrics(row, query.names))
      .map(({ step, time, values }) => [step, time, ...names.map(name => values[name] ?? '')])
    if (lines.length > 0) yield lines.map(line => `${line.join(',')}\r\n`).join('')
    if (positionOf(rows.at(-1)!) >= position) return
  }
}

/** The row with these names alone; nothing where it has none of them. */
function selectMetrics(row: LoggedRow, names: readonly string[] | undefined): LoggedRow[] {
  if (!names) return [row]
  const values = Object.entries(row.values).filter(([name]) => names.includes(name))
  return values.length > 0 ? [{ ...row, values: Object.fromEntries(values) }] : []
}

const csvField = (text: string) =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
