import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { readInstallation } from '../../src/engine/installation.js'
import { parseCount, parseNames } from '../../testing/command-line.js'
import { runInterleaved } from '../interleave.js'
import { describeMachine } from '../machine.js'
import { runBench } from '../run.js'
import type { Program } from '../subject.js'
import { withTempFolder } from '../temp-folder.js'
import { type Case, cases, casesNamed } from './cases.js'
import type { TrainingReady } from './ready.js'
import { type SubjectName, subjectNames, subjects, unsupportedReason } from './subjects.js'
import { type TrainingRow, trainingTable } from './table.js'

/** Caches fill, and compilers look twice. */
const warmUp = 2

/** Trains every case with every subject: `[--cases a,b] [--subjects x,y] [--rounds n] [--steps n]`. */
export async function trainBench(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      cases: { type: 'string', default: cases.map(each => each.name).join() },
      subjects: { type: 'string', default: subjectNames.join() },
      rounds: { type: 'string', default: '5' },
      steps: { type: 'string', default: '4' },
    },
  })
  const rounds = parseCount('rounds', values.rounds)
  const steps = parseCount('steps', values.steps)
  const lookUp = (name: string) => subjectNames.filter(each => each === name)
  const names = parseNames('subjects', values.subjects, lookUp, subjectNames)
  const known = cases.map(each => each.name)
  const resources = { kind: readInstallation().kind, threads: availableParallelism() }
  // first: what the making of an environment leaves in the load average is no sign of others
  const machine = await describeMachine()
  const programs = new Map<SubjectName, Program>()
  // one at a time: two subjects share an environment
  for (const name of names) programs.set(name, await subjects[name].program(resources))

  return runBench<Case, TrainingReady, TrainingRow>({
    name: 'train',
    machine,
    table: trainingTable,
    settings: { ...resources, rounds, stepsEachRound: steps },
    cases: parseNames('cases', values.cases, casesNamed, known),
    programs: () => programs,
    unsupportedReason: (subject, each) =>
      unsupportedReason(subject as SubjectName, each, resources.kind),
    runInterleaved: (each, supported) =>
      withTempFolder(tempFolder =>
        runInterleaved<TrainingReady>(supported, () => ({ ...each, tempFolder }), {
          rounds,
          steps,
          warmUp,
        }),
      ),
    row: (each, { name, started, ...measured }) => {
      const { parameters, firstStepSeconds, start } = started
      const facts = { firstStepSeconds, parameters, ...(start && { start }) }
      return { case: each.name, subject: name, ...measured, ...facts }
    },
    consistencyWarning: rows =>
      new Set(rows.map(({ parameters }) => parameters)).size > 1
        ? 'the subjects do not train the same network'
        : undefined,
  })
}
