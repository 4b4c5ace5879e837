import { heading, type Report, type Row, table } from '../report.js'

export function dataTable(report: Report<Row>): string {
  const rows = report.rows.map(row => [
    row.case,
    row.subject,
    ...[row.medianMs, row.minMs, row.maxMs].map(ms => ms.toFixed(0)),
    row.ratio?.toFixed(2) ?? '',
  ])
  const columns = ['case', 'subject', 'median ms', 'min', 'max', '/ trainyard']
  const notRun = report.notRun.map(
    ({ case: name, subject, reason }) => `- ${subject} did not run ${name}: ${reason}`,
  )
  const parts = [heading(report), table(columns, rows), notes, ...notRun]
  return `${parts.filter(Boolean).join('\n').trim()}\n`
}

/** By case and peer: its time divided by trainyard's. */
export function ratiosOf(rows: readonly Row[]): Record<string, Record<string, number | null>> {
  const ratios: Record<string, Record<string, number | null>> = {}
  for (const { case: name, subject, ratio } of rows) {
    if (subject === 'trainyard') continue
    ratios[name] = { ...ratios[name], [subject]: ratio && Number(ratio.toFixed(3)) }
  }
  return ratios
}

const notes = `Images: a zip of JPEGs, about 500 x 375, to TFRecords of 224 x 224 x 3. trainyard starts a process
and loads TensorFlow each time, checks the archive and each JPEG, and adds statistics, hashes, fingerprints and an
index; pillow decodes, crops, resizes and writes records in 2 processes that are forked with their libraries loaded.

Tables: pandas and Polars read the file with all threads and write Feather, uncompressed. trainyard reads all rows,
infers or checks types, describes each column, writes Arrow files of float32 where that loses nothing, and hashes them.
`
