import { resolve } from 'node:path'
import {
  type OptionValues,
  parseCount,
  parseNames,
  scriptCommand,
} from '../../src/script-options.js'
import { describeMachine } from '../machine.js'
import { heading, type Report, type Row, table, writeReport } from '../report.js'
import { summarize } from '../statistics.js'
import { distinctLogs } from './runs.js'
import { measureTracker, type TrackerResult, trackerNames } from './trackers.js'
import { type Measurement, measureTrainyard } from './trainyard.js'

const subjectNames = ['trainyard', ...trackerNames]

/** What the median of a case must stay below. */
const goals: readonly [beginning: string, goal: number][] = [
  ['page,', 150],
  ['table of', 200],
  ['10 curves, ms', 100],
  ['new point', 500],
  ['first view', 500],
]

interface DashboardRow extends Row {
  /** The first measurement, with an empty cache; the others are summarized without it. */
  first: number
  goal: number | null
}

const options = {
  runs: { value: 'N', default: '1000', help: 'runs that are recorded' },
  points: { value: 'N', default: '1000000', help: 'points of a run' },
  'peer-points': {
    value: 'N',
    help: 'points of a run of other trackers, which take long for a million',
  },
  curves: { value: 'N', default: '10', help: 'curves of one chart' },
  jobs: { value: 'N', default: '10000', help: 'jobs in the list' },
  // eight hours with a row each second
  events: { value: 'N', default: '28800', help: 'rows that arrive while the page is open' },
  repetitions: { value: 'N', default: '5', help: 'measurements of each kind' },
  subjects: { value: 'A,B', default: subjectNames.join(), help: 'the pages' },
  keep: { value: 'FOLDER', help: 'where what is recorded is kept for the next run' },
} as const

export const dashboardBench = scriptCommand(
  {
    command: 'npm run bench -- dashboard',
    summary:
      'Measures how fast the dashboard is in a real browser, beside the pages of other trackers. Fails if a goal is missed.',
    options,
  },
  run,
)

async function run(values: OptionValues<typeof options>): Promise<boolean> {
  const sizes = {
    runs: parseCount('runs', values.runs),
    points: parseCount('points', values.points),
    curves: parseCount('curves', values.curves),
    jobs: parseCount('jobs', values.jobs),
    events: parseCount('events', values.events),
    repetitions: parseCount('repetitions', values.repetitions),
    keep: values.keep === undefined ? null : resolve(values.keep),
  }
  const peerPoints = parseCount('peer-points', values['peer-points'] ?? values.points)
  const lookUp = (name: string) => subjectNames.filter(each => each === name)
  const subjects = parseNames('subjects', values.subjects, lookUp, subjectNames)
  const machine = await describeMachine()
  const measured = subjects.includes('trainyard') ? await measureTrainyard(sizes) : []
  const own = measured.map(each => rowOf('trainyard', each, null))
  const others = new Map<string, TrackerResult>()
  const notRun: Report['notRun'] = []
  for (const name of subjects.filter(each => each !== 'trainyard')) {
    try {
      others.set(name, await measureTracker(name, { ...sizes, points: peerPoints }))
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
        rowOf(
          peerPoints === sizes.points ? name : `${name}, ${peerPoints} points a run`,
          each,
          own.find(row => row.case === each.case)?.medianMs ?? null,
        ),
      ),
    ),
  ]
  const warnings = notRun.map(({ subject, reason }) => `${subject} was not measured: ${reason}`)
  if (sizes.runs > distinctLogs) {
    warnings.push(`The logs of all runs but ${distinctLogs} are hard links to those of these.`)
  }
  const { keep: _, ...settings } = sizes
  const report: Report<DashboardRow> = {
    bench: 'dashboard',
    date: new Date().toISOString(),
    machine,
    settings: { ...settings, peerPoints },
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
