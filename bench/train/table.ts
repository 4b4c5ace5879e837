import { heading, type Report, type Row, table } from '../report.js'

export interface TrainingRow extends Row {
  firstStepSeconds: number
  parameters: number
  /** Seconds to build and write the graph, to load the engine, and to open and initialize the session. */
  start?: Readonly<Record<string, number>>
}

export function trainingTable(report: Report<TrainingRow>): string {
  const steps = report.rows.map(row => [
    row.case,
    row.subject,
    ...[row.medianMs, row.minMs, row.maxMs].map(ms => ms.toFixed(1)),
    row.ratio?.toFixed(2) ?? '',
    row.peakRssMb.toFixed(0),
    row.firstStepSeconds.toFixed(1),
    row.parameters.toLocaleString('en'),
  ])
  const columns = ['case', 'subject', 'median ms', 'min', 'max', '/ trainyard', 'peak RSS MB']
  const parts = [
    heading(report),
    table([...columns, 'start to first step s', 'parameters'], steps),
    starts(report.rows),
    ...report.notRun.map(
      ({ case: name, subject, reason }) => `- ${subject} did not run ${name}: ${reason}`,
    ),
  ]
  return `${parts.filter(Boolean).join('\n').trim()}\n`
}

function starts(rows: readonly TrainingRow[]): string {
  const measured = rows.flatMap(({ case: name, start }) => (start ? [{ name, start }] : []))
  if (measured.length === 0) return ''
  const parts = Object.keys(measured[0]!.start)
  return table(
    ['case', ...parts.map(part => `${part} s`)],
    measured.map(({ name, start }) => [name, ...parts.map(part => start[part]!.toFixed(2))]),
  )
}
