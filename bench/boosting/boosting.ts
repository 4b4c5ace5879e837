import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import {
  type OptionValues,
  parseCount,
  parseNames,
  scriptCommand,
} from '../../src/script-options.js'
import { withTempFolder } from '../../testing/temp-folder.js'
import { runInterleaved } from '../interleave.js'
import { describeMachine } from '../machine.js'
import { runBench } from '../run.js'
import { type Program, Subject } from '../subject.js'
import {
  type Case,
  casesNamed,
  defaultCases,
  heldOutRows,
  modelRows,
  repetitionsOf,
  type TaskRequest,
} from './cases.js'
import { readNpy } from './npy.js'
import type { BoostingReady } from './ready.js'
import { scoreOf } from './score.js'
import { subjectNames, subjects } from './subjects.js'
import { type BoostingRow, boostingTable } from './table.js'
import { writeTable } from './tables.js'

const options = {
  cases: {
    value: 'A,B',
    default: defaultCases.join(),
    help: 'a task (ingest, load, train, predict) and a number of rows',
  },
  subjects: { value: 'A,B', default: subjectNames.join(), help: 'the libraries' },
  rounds: { value: 'N', help: 'turns of each subject, in place of those of the case' },
  trees: { value: 'N', default: '100', help: 'trees of a model' },
} as const

export const boostingBench = scriptCommand(
  {
    command: 'npm run bench -- boosting',
    summary:
      'Measures ingest, training and prediction of tables beside peers. Fails if one of them failed.',
    options,
  },
  run,
)

async function run(values: OptionValues<typeof options>): Promise<boolean> {
  const rounds = values.rounds === undefined ? undefined : parseCount('rounds', values.rounds)
  const trees = parseCount('trees', values.trees)
  const cases = parseNames('cases', values.cases, casesNamed, defaultCases)
  const lookUp = (name: string) => subjectNames.filter(each => each === name)
  const names = parseNames('subjects', values.subjects, lookUp, subjectNames)
  const threads = availableParallelism()
  // measured before environments are created, which would raise the load average
  const machine = await describeMachine()
  const programs = await programsOf(names, cases, threads)
  const programsFor = ({ task }: Pick<Case, 'task'>) =>
    new Map([...programs].filter(([name]) => subjects[name]!.tasks.includes(task)))

  return withTempFolder(async tempFolder => {
    const requestFor = (each: Pick<Case, 'task' | 'rows'>, subject: string): TaskRequest => ({
      task: each.task,
      rows: each.rows,
      trees,
      threads,
      tempFolder,
      table: tableFor(tempFolder, each),
      heldOut: join(tempFolder, 'held'),
      model: join(tempFolder, `${subject}-model`),
      predictions: join(tempFolder, `${subject}-predictions`),
    })
    await writeTables(tempFolder, cases)
    if (cases.some(({ task }) => task === 'predict')) {
      await trainModels(programsFor({ task: 'predict' }), name =>
        requestFor({ task: 'train', rows: modelRows }, name),
      )
    }
    const labels = readNpy(join(tempFolder, 'held-y.npy'), new Float32Array(heldOutRows))
    const scoreSubject = (subject: string) => {
      const bytes = readFileSync(join(tempFolder, `${subject}-predictions`))
      return scoreOf(new Float32Array(Uint8Array.from(bytes).buffer), labels)
    }
    return runBench<Case, BoostingReady, BoostingRow>({
      name: 'boosting',
      machine,
      cases,
      table: boostingTable,
      settings: { threads, trees, depth: 6, learningRate: 0.1, bins: 256, columns: 28 },
      programs: programsFor,
      runInterleaved: (each, supported) =>
        runInterleaved(supported, name => requestFor(each, name), repetitionsOf(each, rounds)),
      row: (each, { name, started, ...measured }) => ({
        case: each.name,
        subject: name,
        ...measured,
        peakRssMb: started.singleRunPeakRssMb,
        score: each.task === 'train' || each.task === 'predict' ? scoreSubject(name) : null,
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

/** Prediction shares the table of the training rows, because its speed does not depend on the rows. */
const tableRows = ({ task, rows }: Pick<Case, 'task' | 'rows'>) =>
  task === 'predict' && rows < modelRows ? modelRows : rows

const tableFor = (tempFolder: string, each: Pick<Case, 'task' | 'rows'>) =>
  join(tempFolder, `table-${tableRows(each)}`)

async function writeTables(tempFolder: string, cases: readonly Case[]): Promise<void> {
  const since = performance.now()
  const sizes = new Set(cases.map(tableRows))
  if (cases.some(({ task }) => task === 'predict')) sizes.add(modelRows)
  for (const rows of sizes) await writeTable(join(tempFolder, `table-${rows}`), rows, 1)
  await writeTable(join(tempFolder, 'held'), heldOutRows, 2)
  const seconds = ((performance.now() - since) / 1000).toFixed(0)
  console.error(`bench: wrote tables of ${[...sizes, heldOutRows].join(', ')} rows in ${seconds} s`)
}

/** Trains in separate processes, so that training does not count as part of prediction. */
async function trainModels(
  programs: ReadonlyMap<string, Program>,
  requestFor: (subject: string) => TaskRequest,
): Promise<void> {
  for (const [name, program] of programs) {
    const subject = new Subject(program)
    await subject.prepare(requestFor(name))
    await subject.end()
    console.error(`bench: ${name} has trained its model`)
  }
}
