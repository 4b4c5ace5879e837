import { availableParallelism } from 'node:os'
import { installation } from '../../src/engine/installation.js'
import { describeMachine } from '../machine.js'
import { type Report, writeReport } from '../report.js'
import { summary } from '../statistics.js'
import type { Program } from '../subject.js'
import type { Case } from './cases.js'
import { lacking, type Resources, type SubjectName, subjects } from './subjects.js'
import { type TrainingRow, trainingTable } from './table.js'
import { type Entrant, type Pacing, takeTurns } from './turns.js'

export interface TrainOptions extends Pacing {
  cases: readonly Case[]
  subjects: readonly SubjectName[]
}

/** As busy as an idle machine may be: above it, a figure says little. */
const idle = 0.05

/** Trains every case with every subject and writes the report; false where one of them failed. */
export async function benchTrain(options: TrainOptions): Promise<boolean> {
  const { rounds, steps } = options
  const resources = { kind: installation().kind, threads: availableParallelism() }
  // first: what the making of an environment leaves in the load average is no sign of others
  const machine = await describeMachine()
  const programs = await programsOf(options.subjects, resources)
  const report: Report<TrainingRow> = {
    bench: 'train',
    date: new Date().toISOString(),
    machine,
    settings: { ...resources, rounds, stepsEachRound: steps },
    versions: {},
    rows: [],
    notRun: [],
    warnings: [],
  }
  if (machine.busy > idle) {
    warn(report, `Others kept ${percent(machine.busy)} of the cores busy as this began.`)
  }
  let passed = true
  for (const each of options.cases) {
    passed = (await benchCase(each, programs, options, report)) && passed
    // after each case: what a long run has measured must not hang on its end
    const path = await writeReport(report, trainingTable(report))
    console.error(`bench: written to ${path}`)
  }
  console.log(trainingTable(report))
  return passed
}

async function benchCase(
  each: Case,
  programs: ReadonlyMap<SubjectName, Program>,
  pacing: Pacing,
  report: Report<TrainingRow>,
): Promise<boolean> {
  console.error(`bench: ${each.name}`)
  const able = new Map(programs)
  const drop = (subject: SubjectName, reason: string) =>
    report.notRun.push({ case: each.name, subject, reason })
  for (const name of programs.keys()) {
    const reason = lacking(name, each)
    if (!reason) continue
    drop(name, reason)
    able.delete(name)
  }
  const { entrants, busy } = await takeTurns(each, able, pacing)
  for (const { name, started, failure } of entrants) {
    if (started) report.versions[name] = started.versions
    if (failure) drop(name, failure)
  }
  const rows = rowsOf(each, entrants)
  report.rows.push(...rows)
  const sizes = new Set(rows.map(({ parameters }) => parameters))
  if (sizes.size > 1) warn(report, `The subjects of ${each.name} do not train the same network.`)
  if (busy > idle) {
    warn(report, `Others kept ${percent(busy)} of the cores busy during ${each.name}.`)
  }
  return entrants.every(({ failure }) => !failure)
}

function warn(report: Report<TrainingRow>, warning: string) {
  report.warnings.push(warning)
  console.error(`bench: ${warning}`)
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`

async function programsOf(names: readonly SubjectName[], resources: Resources) {
  const programs = new Map<SubjectName, Program>()
  // one at a time: two subjects share an environment
  for (const name of names) programs.set(name, await subjects[name].program(resources))
  return programs
}

function rowsOf(each: Case, entrants: readonly Entrant[]): TrainingRow[] {
  const rows = entrants.flatMap(({ name, started, times, peakRssMb, failure }) => {
    if (failure || !started) return []
    const { parameters, firstStepSeconds, start } = started
    const timing = { ...summary(times), peakRssMb, firstStepSeconds, parameters }
    return [{ case: each.name, subject: name, ...timing, ...(start && { start }) }]
  })
  const ours = rows.find(({ subject }) => subject === 'trainyard')?.medianMs
  return rows.map(row => ({ ...row, ratio: ours ? row.medianMs / ours : null }))
}
