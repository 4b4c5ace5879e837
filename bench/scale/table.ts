import { heading, type Report, table } from '../report.js'
import type { TrainingRow } from '../train/table.js'
import { exchanges } from './subjects.js'

export function scaleTable(report: Report<TrainingRow>): string {
  const rows = report.rows.map(row => [
    row.case,
    row.subject,
    ...[row.medianMs, row.minMs, row.maxMs].map(ms => ms.toFixed(1)),
    row.ratio?.toFixed(3) ?? '',
    row.processorMs?.toFixed(0) ?? '',
    row.processorRatio?.toFixed(3) ?? '',
    row.peakRssMb.toFixed(0),
  ])
  const columns = ['case', 'subject', 'median ms', 'min', 'max', '/ trainyard']
  const parts = [
    heading(report),
    table([...columns, 'processor ms', '/ trainyard', 'peak RSS MB'], rows),
    ...[...new Set(report.rows.map(row => row.case))].map(name => shareOf(report, name)),
    ...report.notRun.map(
      ({ case: name, subject, reason }) => `- ${subject} did not run ${name}: ${reason}`,
    ),
  ]
  return `${parts.filter(Boolean).join('\n').trim()}\n`
}

/** How much of a step on two devices the second gradient costs, beside being computed. */
function shareOf({ rows }: Report<TrainingRow>, name: string): string {
  const of = (subject: string) => rows.find(row => row.case === name && row.subject === subject)
  const [alone, both] = Object.keys(exchanges).map(of)
  const step = of('2 shards, 2 devices')
  if (!alone || !both || !step) return ''
  const share = (ms: (row: TrainingRow) => number) => {
    const exchange = ms(both) - ms(alone)
    return `${exchange.toFixed(1)} ms, ${((100 * exchange) / ms(step)).toFixed(1)} %`
  }
  const byTime = `the exchange takes ${share(row => row.medianMs)} of a step on 2 devices`
  const { processorMs } = step
  if (processorMs === undefined || processorMs === null) return `- ${name}: ${byTime}\n`
  return `- ${name}: ${byTime}; of processor time, ${share(row => row.processorMs!)}\n`
}
