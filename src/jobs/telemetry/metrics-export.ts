import type { LoggedRow } from '../../spec/metrics.js'
import type { Store } from '../../store/store.js'
import type { AttemptRecord } from '../record/records.js'
import { metricNames } from './metrics-chart.js'
import { type MetricsLog, positionOf, type StepRange } from './metrics-log.js'

export interface ExportQuery extends StepRange {
  names?: readonly string[]
}

/**
 * Yields all rows as NDJSON, a chunk of the log at a time. If damaged lines are left out, a last line has their
 * number.
 */
export async function* ndjsonOf(
  log: MetricsLog,
  id: string,
  attempts: readonly AttemptRecord[],
  query: ExportQuery,
): AsyncGenerator<string> {
  const counter = { damagedLines: 0 }
  for await (const rows of log.chunks(id, attempts, query, counter)) {
    const wanted = rows.flatMap(row => selectMetrics(row, query.names))
    if (wanted.length > 0) yield wanted.map(row => `${JSON.stringify(row)}\n`).join('')
  }
  if (counter.damagedLines > 0) yield `${JSON.stringify(counter)}\n`
}

/**
 * Yields the rows that exist at the start as CSV (RFC 4180), with a column for each name. A field
 * is empty if its row lacks the metric. If damaged lines are left out, a last line, a comment, has their number.
 */
export async function* csvOf(
  { log, store }: { log: MetricsLog; store: Store },
  id: string,
  attempts: readonly AttemptRecord[],
  query: ExportQuery,
): AsyncGenerator<string> {
  // later rows may have a name that is missing from the header
  const { position } = await log.end(id, attempts)
  const found = await metricNames(store, id, attempts, query)
  const names = query.names ? query.names.filter(name => found.includes(name)) : found
  yield `${['step', 'time', ...names].map(csvField).join(',')}\r\n`
  const counter = { damagedLines: 0 }
  for await (const rows of log.chunks(id, attempts, query, counter)) {
    const lines = rows
      .filter(row => positionOf(row) <= position)
      .flatMap(row => selectMetrics(row, query.names))
      .map(({ step, time, values }) => [step, time, ...names.map(name => values[name] ?? '')])
    if (lines.length > 0) yield lines.map(line => `${line.join(',')}\r\n`).join('')
    if (positionOf(rows.at(-1)!) >= position) break
  }
  const { damagedLines } = counter
  if (damagedLines > 0) yield `# ${damagedLines} damaged lines of the metrics log are left out\r\n`
}

/** Returns the row with only these names, or nothing if it has none of them. */
function selectMetrics(row: LoggedRow, names: readonly string[] | undefined): LoggedRow[] {
  if (!names) return [row]
  const values = Object.entries(row.values).filter(([name]) => names.includes(name))
  return values.length > 0 ? [{ ...row, values: Object.fromEntries(values) }] : []
}

const csvField = (text: string) =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
