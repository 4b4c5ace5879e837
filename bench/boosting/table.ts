import { heading, type Report, type Row, table } from '../report.js'
import type { Score } from './score.js'

export interface BoostingRow extends Row {
  /** On held-out rows; null if the case has no model. */
  score: Score | null
}

export function boostingTable(report: Report<BoostingRow>): string {
  const rows = report.rows.map(row => [
    row.case,
    row.subject,
    ...[row.medianMs, row.minMs, row.maxMs].map(milliseconds),
    row.ratio?.toFixed(2) ?? '',
    row.peakRssMb.toFixed(0),
    row.score?.auc.toFixed(4) ?? '',
    row.score?.logLoss.toFixed(4) ?? '',
  ])
  const columns = ['case', 'subject', 'median ms', 'min', 'max', '/ trainyard', 'peak RSS MB']
  const parts = [
    heading(report),
    table([...columns, 'AUC', 'log loss'], rows),
    goals(report.rows),
    notes,
    ...report.notRun.map(
      ({ case: name, subject, reason }) => `- ${subject} did not run ${name}: ${reason}`,
    ),
  ]
  return `${parts.filter(Boolean).join('\n').trim()}\n`
}

const milliseconds = (ms: number) => ms.toFixed(ms < 10 ? 4 : 1)

const notes = `Peak RSS is that of a process that ran the case once. Ingest reads one CSV file: trainyard reads it
twice, types and describes every column, and writes and hashes the data set's files; pandas (C engine) and
pyarrow read it once, infer types and return float32 in memory. Load and train read files: trainyard its data
set, the peers .npy. Predict keeps values and probabilities in memory: xgboost uses inplace_predict; a single
row is predicted on one thread.
`

interface Goal {
  what: string
  value: number
  /** The highest value that meets the goal. */
  bound: number
}

const singleRowMs = 0.06

/** Compares time and memory with the better of XGBoost's two matrix types. */
function goals(rows: readonly BoostingRow[]): string {
  const all = [...new Set(rows.map(row => row.case))].flatMap(name => goalsOf(name, rows))
  if (all.length === 0) return ''
  const cells = all.map(({ what, value, bound }) => [
    what,
    value.toFixed(3),
    `${bound}`,
    value <= bound ? 'yes' : 'no',
  ])
  return table(['goal', 'figure', 'at most', 'met'], cells)
}

function goalsOf(name: string, rows: readonly BoostingRow[]): Goal[] {
  const of = (subjects: readonly string[]) =>
    rows.filter(row => row.case === name && subjects.includes(row.subject))
  const [ours] = of(['trainyard'])
  const peers = of(['xgboost', 'xgboost-dmatrix'])
  if (!ours) return []
  const goals: Goal[] = []
  if (name === 'predict-1') {
    goals.push({ what: `${name}: ms`, value: ours.medianMs, bound: singleRowMs })
  }
  if (peers.length > 0) {
    const time = ours.medianMs / Math.min(...peers.map(row => row.medianMs))
    const memory = ours.peakRssMb / Math.min(...peers.map(row => row.peakRssMb))
    goals.push({ what: `${name}: time / xgboost`, value: time, bound: 1 })
    goals.push({ what: `${name}: memory / xgboost`, value: memory, bound: 1 })
  }
  return goals
}
