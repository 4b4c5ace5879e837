import { heading, type Report, table } from '../report.js'
import type { TrainingRow } from '../train/table.js'
import { exchanges } from './subjects.js'

export function scaleTable(report: Report<TrainingRow>): string {
  const rows = report.rows.map(row => [
    row.case,
    row.subject,
    ...[row.medianMs, row.minMs, row.maxMs].map(ms => ms.toFixed(1)),
    row.ratio?.toFixed(3) ?? '',
    row.peakRssMb.toFixed(0),
  ])
  const columns = ['case', 'subject', 'median ms', 'min', 'max', '/ trainyard', 'peak RSS MB']
  const parts = [
    heading(report),
    table(columns, rows),
    ...[...new Set(report.rows.map(row => row.case))].map(name => shareOf(report, name)),
    ...report.notRun.map(
      ({ case: name, subject, reason }) => `- ${subject} did not run ${name}: ${reason}`,
    ),
  ]
  return `${parts.filter(Boolean).join('\n').trim()}\n`
}

/** How much of a step on two devices the second gradient costs, beside being computed. */
function shareOf({ rows }: Report<TrainingRow>, name: string): string {
  const ms = (subject: string) =>
    rows.find(row => row.case === name && row.subject === subject)?.medianMs
  const [alone, both] = Object.keys(exchanges).map(ms)
  const step = ms('2 shards, 2 devices')
  if (alone === undefined || both === undefined || step === undefined) return ''
  const share = (100 * (both - alone)) / step
  return `- ${name}: the exchange takes ${(both - alone).toFixed(1)} ms, ${share.toFixed(1)} % of a step on 2 devices\n`
}
