import type { Entrant } from './interleave.js'
import type { Machine } from './machine.js'
import { type Report, type Row, writeReport } from './report.js'
import { type Summary, summary } from './statistics.js'
import type { Program, Started } from './subject.js'
import type { Ready } from './subject-protocol.js'

/** A subject that got through a case. */
export interface Finisher<R extends Ready> extends Summary {
  name: string
  started: Started<R>
  peakRssMb: number
  ratio: number | null
}

export interface Bench<C extends { name: string }, R extends Ready, W extends Row> {
  name: string
  machine: Machine
  settings: Readonly<Record<string, unknown>>
  cases: readonly C[]
  /** Those who take part in a case. */
  programs(each: C): ReadonlyMap<string, Program>
  /** Why one of them cannot after all. */
  lacking?(subject: string, each: C): string | undefined
  takeTurns(
    each: C,
    programs: ReadonlyMap<string, Program>,
  ): Promise<{ entrants: Entrant<R>[]; busy: number }>
  row(each: C, finisher: Finisher<R>): W
  /** What is odd about a case's rows. */
  doubt?(rows: readonly W[]): string | undefined
  table(report: Report<W>): string
}

/** As busy as an idle machine may be: above it, a figure says little. */
const idle = 0.05

/** Runs every case and writes the report; false where a subject failed. */
export async function runBench<C extends { name: string }, R extends Ready, W extends Row>(
  bench: Bench<C, R, W>,
): Promise<boolean> {
  const { name, machine, settings, cases } = bench
  const report: Report<W> = {
    ...{ bench: name, date: new Date().toISOString(), machine, settings },
    ...{ versions: {}, rows: [], notRun: [], warnings: [] },
  }
  if (machine.busy > idle) {
    warn(report, `Others kept ${percent(machine.busy)} of the cores busy as this began.`)
  }
  let passed = true
  for (const each of cases) {
    passed = (await runCase(bench, each, report)) && passed
    // after each case: what a long run has measured must not hang on its end
    const path = await writeReport(report, bench.table(report))
    console.error(`bench: written to ${path}`)
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
  const able = new Map(bench.programs(each))
  const drop = (subject: string, reason: string) =>
    report.notRun.push({ case: each.name, subject, reason })
  for (const name of [...able.keys()]) {
    const reason = bench.lacking?.(name, each)
    if (!reason) continue
    drop(name, reason)
    able.delete(name)
  }
  const { entrants, busy } = await bench.takeTurns(each, able)
  for (const { name, started, failure } of entrants) {
    if (started) report.versions[name] = started.versions
    if (failure) drop(name, failure)
  }
  const rows = finishers(entrants).map(finisher => bench.row(each, finisher))
  report.rows.push(...rows)
  const doubt = bench.doubt?.(rows)
  if (doubt) warn(report, `${each.name}: ${doubt}`)
  if (busy > idle) {
    warn(report, `Others kept ${percent(busy)} of the cores busy during ${each.name}.`)
  }
  return entrants.every(({ failure }) => !failure)
}

function finishers<R extends Ready>(entrants: readonly Entrant<R>[]): Finisher<R>[] {
  const all = entrants.flatMap(({ name, started, times, peakRssMb, failure }) =>
    failure || !started ? [] : [{ name, started, peakRssMb, ...summary(times) }],
  )
  const ours = all.find(({ name }) => name === 'trainyard')?.medianMs
  return all.map(each => ({ ...each, ratio: ours ? each.medianMs / ours : null }))
}

function warn(report: { warnings: string[] }, warning: string) {
  report.warnings.push(warning)
  console.error(`bench: ${warning}`)
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`
