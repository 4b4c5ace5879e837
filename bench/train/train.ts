import { availableParallelism } from 'node:os'
import { readInstallation } from '../../src/engine/installation.js'
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
import type { Program } from '../subject.js'
import { type Case, cases, casesNamed } from './cases.js'
import type { TrainingReady } from './ready.js'
import { type SubjectName, subjectNames, subjects, unsupportedReason } from './subjects.js'
import { type TrainingRow, trainingTable } from './table.js'

/** Steps that fill caches and trigger recompilation, in addition to the first step. */
const warmUp = 2

const options = {
  cases: {
    value: 'A,B',
    default: cases.map(each => each.name).join(),
    help: 'networks; without a precision, in both',
  },
  subjects: { value: 'A,B', default: subjectNames.join(), help: 'what trains' },
  rounds: { value: 'N', default: '5', help: 'turns of each subject' },
  steps: { value: 'N', default: '4', help: 'steps in a turn' },
} as const

export const trainBench = scriptCommand(
  {
    command: 'npm run bench -- train',
    summary:
      'Measures training steps beside Keras, PyTorch and TensorFlow.js. Fails if one of them failed.',
    options,
  },
  run,
)

async function run(values: OptionValues<typeof options>): Promise<boolean> {
  const rounds = parseCount('rounds', values.rounds)
  const steps = parseCount('steps', values.steps)
  const lookUp = (name: string) => subjectNames.filter(each => each === name)
  const names = parseNames('subjects', values.subjects, lookUp, subjectNames)
  const known = cases.map(each => each.name)
  const resources = { kind: readInstallation().kind, threads: availableParallelism() }
  // measured before environments are created, which would raise the load average
  const machine = await describeMachine()
  const programs = new Map<SubjectName, Program>()
  // one after the other, because two subjects share an environment
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
        ? 'the subjects train networks of different sizes'
        : undefined,
  })
}
