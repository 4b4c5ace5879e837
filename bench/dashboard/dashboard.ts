import { parseArgs } from 'node:util'
import { parseCount } from '../../testing/command-line.js'
import { withBenchDeployment } from '../bench-deployment.js'
import { describeMachine } from '../machine.js'
import { heading, type Report, type Row, table, writeReport } from '../report.js'
import { summarize } from '../statistics.js'
import { distinctLogs } from './runs.js'
import { type Measurement, measureTrainyard } from './trainyard.js'

const options = {
  runs: { type: 'string', default: '1000' },
  points: { type: 'string', default: '1000000' },
  curves: { type: 'string', default: '10' },
  jobs: { type: 'string', default: '10000' },
  // eight hours with a row each second
  events: { type: 'string', default: '28800' },
  repetitions: { type: 'string', default: '5' },
} as const

/** What the median of a case must stay below. */
const goals: readonly [beginning: string, goal: number][] = [
  ['page,', 150],
  ['table of', 200],
  ['10 curves', 100],
  ['new point', 500],
  ['first view', 500],
]

interface DashboardRow extends Row {
  /** The first measurement, with an empty cache; the others are summarized without it. */
  first: number
  goal: number | null
}

/**
 * How fast the dashboard is in a real browser: `[--runs n] [--points n] [--curves n] [--jobs n] [--events n]
 * [--repetitions n]`. Writes a report; returns false if a goal is missed.
 */
export async function dashboardBench(args: string[]): Promise<boolean> {
  const { values } = parseArgs({ args, options })
  const sizes = {
    runs: parseCount('runs', values.runs),
    points: parseCount('points', values.points),
    curves: parseCount('curves', values.curves),
    jobs: parseCount('jobs', values.jobs),
    events: parseCount('events', values.events),
    repetitions: parseCount('repetitions', values.repetitions),
  }
  const machine = await describeMachine()
  const measured = await withBenchDeployment(deployment => measureTrainyard(deployment, sizes))
  const rows = measured.map(rowOf)
  const warnings =
    sizes.runs > distinctLogs
      ? [`The logs of all runs but ${distinctLogs} are hard links to those of these.`]
      : []
  const report: Report<DashboardRow> = {
    bench: 'dashboard',
    date: new Date().toISOString(),
    machine,
    settings: sizes,
    versions: {},
    rows,
    notRun: [],
    warnings,
  }
  const columns = ['case', 'first', 'median', 'min', 'max', 'goal', 'met']
  const text = `${heading(report)}\n${table(columns, rows.map(cellsOf))}`
  console.error(`bench: wrote ${await writeReport(report, text)}`)
  console.log(text)
  return rows.every(isMet)
}

function rowOf({ case: name, values }: Measurement): DashboardRow {
  const [first, ...others] = values
  const goal = goals.find(([beginning]) => name.startsWith(beginning))?.[1] ?? null
  const summary = summarize(others.length > 0 ? others : values)
  return {
    ...{ case: name, subject: 'trainyard', ratio: 1, peakRssMb: Number.NaN },
    ...summary,
    ...{ first: first!, goal },
  }
}

const isMet = ({ goal, medianMs }: DashboardRow) => goal === null || medianMs < goal

function cellsOf(row: DashboardRow): string[] {
  const { first, medianMs, minMs, maxMs, goal } = row
  const numbers = [first, medianMs, minMs, maxMs].map(value => value.toFixed(1))
  return [row.case, ...numbers, goal === null ? '' : `< ${goal}`, goalText(row)]
}

const goalText = (row: DashboardRow) => (row.goal === null ? '' : isMet(row) ? 'yes' : 'no')
