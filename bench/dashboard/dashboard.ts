import { parseArgs } from 'node:util'
import { parseCount, parseNames } from '../../testing/command-line.js'
import { withBenchDeployment } from '../bench-deployment.js'
import { describeMachine } from '../machine.js'
import { heading, type Report, type Row, table, writeReport } from '../report.js'
import { summarize } from '../statistics.js'
import { distinctLogs } from './runs.js'
import { measureTracker, type TrackerResult, trackerNames } from './trackers.js'
import { type Measurement, measureTrainyard } from './trainyard.js'

const options = {
  runs: { type: 'string', default: '1000' },
  points: { type: 'string', default: '1000000' },
  curves: { type: 'string', default: '10' },
  jobs: { type: 'string', default: '10000' },
  // eight hours with a row each second
  events: { type: 'string', default: '28800' },
  repetitions: { type: 'string', default: '5' },
  peers: { type: 'string', default: trackerNames.join() },
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
 * How fast the dashboard is in a real browser, beside the pages of other trackers: `[--runs n] [--points n]
 * [--curves n] [--jobs n] [--events n] [--repetitions n] [--peers mlflow,tensorboard|none]`. Writes a report; returns
 * false if a goal is missed.
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
  const peers =
    values.peers === 'none'
      ? []
      : parseNames('peers', values.peers, name => trackerNames.filter(each => each === name), [
          ...trackerNames,
        ])
  const measured = await withBenchDeployment(deployment => measureTrainyard(deployment, sizes))
  const own = measured.map(each => rowOf('trainyard', each, null))
  const others = new Map<string, TrackerResult>()
  const notRun: Report['notRun'] = []
  for (const name of peers) {
    try {
      others.set(name, await measureTracker(name, sizes))
    } catch (error) {
      // what was measured before is kept
      const reason = error instanceof Error ? error.message : String(error)
      console.error(`bench: ${name} was not measured: ${reason}`)
      notRun.push({ case: 'all', subject: name, reason })
    }
  }
  const rows = [
    ...own,
    ...[...others].flatMap(([name, result]) =>
      result.measured.map(each =>
        rowOf(name, each, own.find(row => row.case === each.case)?.medianMs ?? null),
      ),
    ),
  ]
  const warnings = notRun.map(({ subject, reason }) => `${subject} was not measured: ${reason}`)
  if (sizes.runs > distinctLogs) {
    warnings.push(`The logs of all runs but ${distinctLogs} are hard links to those of these.`)
  }
  const report: Report<DashboardRow> = {
    bench: 'dashboard',
    date: new Date().toISOString(),
    machine,
    settings: sizes,
    versions: Object.fromEntries([...others].map(([name, { versions }]) => [name, versions])),
    rows,
    notRun,
    warnings,
  }
  const columns = ['case', 'subject', 'first', 'median', 'min', 'max', 'ratio', 'goal', 'met']
  const text = `${heading(report)}\n${table(columns, rows.map(cellsOf))}`
  console.error(`bench: wrote ${await writeReport(report, text)}`)
  console.log(text)
  return rows.every(isMet)
}

/** `ownMs` is Trainyard's median of the same case. */
function rowOf(
  subject: string,
  { case: name, values }: Measurement,
  ownMs: number | null,
): DashboardRow {
  const isOwn = subject === 'trainyard'
  const [first, ...others] = values
  const goal = isOwn ? (goals.find(([beginning]) => name.startsWith(beginning))?.[1] ?? null) : null
  const summary = summarize(others.length > 0 ? others : values)
  const ratio = isOwn ? 1 : ownMs === null ? null : summary.medianMs / ownMs
  return { case: name, subject, ratio, peakRssMb: Number.NaN, ...summary, first: first!, goal }
}

const isMet = ({ goal, medianMs }: DashboardRow) => goal === null || medianMs < goal

function cellsOf(row: DashboardRow): string[] {
  const { first, medianMs, minMs, maxMs, ratio, goal } = row
  const numbers = [first, medianMs, minMs, maxMs].map(value => value.toFixed(1))
  return [
    ...[row.case, row.subject, ...numbers],
    ratio === null ? '' : ratio.toFixed(1),
    ...[goal === null ? '' : `< ${goal}`, goalText(row)],
  ]
}

const goalText = (row: DashboardRow) => (row.goal === null ? '' : isMet(row) ? 'yes' : 'no')
