import type { SubjectRun } from './interleave.js'
import type { Machine } from './machine.js'
import { type Report, type Row, writeReport } from './report.js'
import { type Summary, summarize } from './statistics.js'
import type { Program, StartedSubject } from './subject.js'
import type { Ready } from './subject-protocol.js'

/** A subject that completed a case. */
export interface FinishedRun<R extends Ready> extends Summary {
  name: string
  started: StartedSubject<R>
  peakRssMb: number
  ratio: number | null
  /** The median processor time of a step, with what it does before the time counts; null if not known. */
  processorMs: number | null
  /** That time divided by Trainyard's. */
  processorRatio: number | null
}

export interface Bench<C extends { name: string }, R extends Ready, W extends Row> {
  name: string
  machine: Machine
  settings: Readonly<Record<string, unknown>>
  cases: readonly C[]
  /** The subjects that support a case. */
  programs(each: C): ReadonlyMap<string, Program>
  /** Why a subject cannot run a case on this machine; undefined if it can. */
  unsupportedReason?(subject: string, each: C): string | undefined
  runInterleaved(
    each: C,
    programs: ReadonlyMap<string, Program>,
  ): Promise<{ runs: SubjectRun<R>[]; busy: number }>
  row(each: C, run: FinishedRun<R>): W
  /** What is inconsistent about the rows of a case; undefined if nothing is. */
  consistencyWarning?(rows: readonly W[]): string | undefined
  table(report: Report<W>): string
}

/** If other processes use a larger share of the cores, the results are unreliable. */
const maxBusyFraction = 0.05

/** Runs every case and writes the report; returns false if a subject failed. */
export async function runBench<C extends { name: string }, R extends Ready, W extends Row>(
  bench: Bench<C, R, W>,
): Promise<boolean> {
  const { name, machine, settings, cases } = bench
  const report: Report<W> = {
    bench: name,
    date: new Date().toISOString(),
    machine,
    settings,
    versions: {},
    rows: [],
    notRun: [],
    warnings: [],
  }
  if (machine.busy > maxBusyFraction) {
    warn(report, `Other processes used ${percent(machine.busy)} of the cores at the start.`)
  }
  let passed = true
  for (const each of cases) {
    passed = (await runCase(bench, each, report)) && passed
    // after each case, so that an aborted run keeps its results
    const path = await writeReport(report, bench.table(report))
    console.error(`bench: wrote ${path}`)
  }
  console.log(bench.table(report))
  return passed
}

async function runCase<C extends { name: string }, R extends Ready, W extends Row>(
  bench: Bench<C, R, W>,
  each: C,
  report: Report<W>,
): Promise<boolean> {
  console.error(`bench: ${each.name}`)
  const supported = new Map(bench.programs(each))
  const recordNotRun = (subject: string, reason: string) =>
    report.notRun.push({ case: each.name, subject, reason })
  for (const name of [...supported.keys()]) {
    const reason = bench.unsupportedReason?.(name, each)
    if (!reason) continue
    recordNotRun(name, reason)
    supported.delete(name)
  }
  const { runs, busy } = await bench.runInterleaved(each, supported)
  for (const { name, started, failure } of runs) {
    if (started) report.versions[name] = started.versions
    if (failure) recordNotRun(name, failure)
  }
  const rows = finishedRuns(runs).map(run => bench.row(each, run))
  report.rows.push(...rows)
  const warning = bench.consistencyWarning?.(rows)
  if (warning) warn(report, `${each.name}: ${warning}`)
  if (busy > maxBusyFraction) {
    warn(report, `Other processes used ${percent(busy)} of the cores during ${each.name}.`)
  }
  return runs.every(({ failure }) => !failure)
}

function finishedRuns<R extends Ready>(runs: readonly SubjectRun<R>[]): FinishedRun<R>[] {
  const all = runs.flatMap(({ name, started, times, processorTimes, peakRssMb, failure }) => {
    if (failure || !started) return []
    const processorMs = processorTimes.length > 0 ? summarize(processorTimes).medianMs : null
    return [{ name, started, peakRssMb, ...summarize(times), processorMs }]
  })
  const ours = all.find(({ name }) => name === 'trainyard')
  const ratioTo = (base: number | null | undefined, value: number | null) =>
    base && value !== null ? value / base : null
  return all.map(each => ({
    ...each,
    ratio: ratioTo(ours?.medianMs, each.medianMs),
    processorRatio: ratioTo(ours?.processorMs, each.processorMs),
  }))
}

function warn(report: { warnings: string[] }, warning: string) {
  report.warnings.push(warning)
  console.error(`bench: ${warning}`)
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`
