import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { takeTurns } from '../interleave.js'
import { describeMachine } from '../machine.js'
import { chosen, count } from '../options.js'
import { runBench } from '../run.js'
import { type Program, Subject } from '../subject.js'
import { withScratch } from '../temp-folder.js'
import {
  type Asked,
  type Case,
  casesNamed,
  defaultCases,
  heldRows,
  modelRows,
  pacingOf,
} from './cases.js'
import { readNpy } from './npy.js'
import type { BoostingReady } from './ready.js'
import { scoreOf } from './score.js'
import { subjectNames, subjects } from './subjects.js'
import { type BoostingRow, boostingTable } from './table.js'
import { writeTable } from './tables.js'

/**
 * Does every case with every subject that can:
 * `[--cases train-100k,predict-1] [--subjects x,y] [--rounds n] [--trees n]`.
 */
export async function boostingBench(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      cases: { type: 'string', default: defaultCases.join() },
      subjects: { type: 'string', default: subjectNames.join() },
      rounds: { type: 'string' },
      trees: { type: 'string', default: '100' },
    },
  })
  const rounds = values.rounds === undefined ? undefined : count('rounds', values.rounds)
  const trees = count('trees', values.trees)
  const cases = chosen('cases', values.cases, casesNamed, defaultCases)
  const named = (name: string) => subjectNames.filter(each => each === name)
  const names = chosen('subjects', values.subjects, named, subjectNames)
  const threads = availableParallelism()
  // first: what the making of an environment leaves in the load average is no sign of others
  const machine = await describeMachine()
  const programs = await programsOf(names, cases, threads)
  const taking = ({ task }: Pick<Case, 'task'>) =>
    new Map([...programs].filter(([name]) => subjects[name]!.tasks.includes(task)))

  return withScratch(async scratch => {
    const asking = (each: Pick<Case, 'task' | 'rows'>, subject: string): Asked => ({
      ...{ task: each.task, rows: each.rows, trees, threads, scratch },
      table: tableFor(scratch, each),
      held: join(scratch, 'held'),
      model: join(scratch, `${subject}-model`),
      predictions: join(scratch, `${subject}-predictions`),
    })
    await writeTables(scratch, cases)
    if (cases.some(({ task }) => task === 'predict')) {
      await makeModels(taking({ task: 'predict' }), name =>
        asking({ task: 'train', rows: modelRows }, name),
      )
    }
    const labels = readNpy(join(scratch, 'held-y.npy'), new Float32Array(heldRows))
    const scored = (subject: string) => {
      const bytes = readFileSync(join(scratch, `${subject}-predictions`))
      return scoreOf(new Float32Array(Uint8Array.from(bytes).buffer), labels)
    }
    return runBench<Case, BoostingReady, BoostingRow>({
      ...{ name: 'boosting', machine, cases, table: boostingTable },
      settings: { threads, trees, depth: 6, learningRate: 0.1, bins: 256, columns: 28 },
      programs: taking,
      takeTurns: (each, able) =>
        takeTurns(able, name => asking(each, name), pacingOf(each, rounds)),
      row: (each, { name, started, ...measured }) => ({
        ...{ case: each.name, subject: name, ...measured, peakRssMb: started.onceRssMb },
        score: each.task === 'train' || each.task === 'predict' ? scored(name) : null,
      }),
    })
  })
}

async function programsOf(names: readonly string[], cases: readonly Case[], threads: number) {
  const programs = new Map<string, Program>()
  for (const name of names) {
    const { tasks, program } = subjects[name]!
    if (cases.some(({ task }) => tasks.includes(task))) programs.set(name, await program(threads))
  }
  return programs
}

/** Rows to predict may be rows that a model was trained on: how fast it is does not depend on it. */
const tableRows = ({ task, rows }: Pick<Case, 'task' | 'rows'>) =>
  task === 'predict' && rows < modelRows ? modelRows : rows

const tableFor = (scratch: string, each: Pick<Case, 'task' | 'rows'>) =>
  join(scratch, `table-${tableRows(each)}`)

async function writeTables(scratch: string, cases: readonly Case[]): Promise<void> {
  const since = performance.now()
  const sizes = new Set(cases.map(tableRows))
  if (cases.some(({ task }) => task === 'predict')) sizes.add(modelRows)
  for (const rows of sizes) await writeTable(join(scratch, `table-${rows}`), rows, 1)
  await writeTable(join(scratch, 'held'), heldRows, 2)
  const seconds = ((performance.now() - since) / 1000).toFixed(0)
  console.error(`bench: wrote tables of ${[...sizes, heldRows].join(', ')} rows in ${seconds} s`)
}

/** In processes of their own: what training takes is no part of predicting. */
async function makeModels(
  programs: ReadonlyMap<string, Program>,
  asked: (subject: string) => Asked,
): Promise<void> {
  for (const [name, program] of programs) {
    const subject = new Subject(program)
    await subject.prepare(asked(name))
    await subject.end()
    console.error(`bench: ${name} has made its model`)
  }
}
