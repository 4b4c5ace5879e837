import { heading, type Report, type Row, table } from '../report.js'

export interface GpuRow extends Row {
  /** Images, or rows of a table. */
  itemsPerSecond: number
  firstStepSeconds: number
  gpuBytes: number | null
}

export function gpuTable(report: Report<GpuRow>): string {
  const columns = [
    ...['case', 'subject', 'images or rows/s', 'median ms', 'min', 'max'],
    ...['/ trainyard', 'GPU memory GiB', 'start to first step s'],
  ]
  const cells = report.rows.map(row => [
    ...[row.case, row.subject, row.itemsPerSecond.toFixed(0)],
    ...[row.medianMs, row.minMs, row.maxMs].map(ms => ms.toFixed(1)),
    row.ratio?.toFixed(2) ?? '',
    row.gpuBytes === null ? '' : (row.gpuBytes / 2 ** 30).toFixed(1),
    row.firstStepSeconds.toFixed(1),
  ])
  const notRun = report.notRun.map(
    ({ case: name, subject, reason }) => `- ${subject} did not run ${name}: ${reason}`,
  )
  return `${[heading(report), table(columns, cells), ...notRun].join('\n').trim()}\n`
}
