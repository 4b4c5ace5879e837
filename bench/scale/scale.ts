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
import { type Case, cases, casesNamed } from '../train/cases.js'
import type { TrainingReady } from '../train/ready.js'
import { unsupportedReason } from '../train/subjects.js'
import type { TrainingRow } from '../train/table.js'
import { simulation } from './simulate.js'
import { scalePrograms } from './subjects.js'
import { scaleTable } from './table.js'

/** Steps that fill caches, in addition to the first step. */
const warmUp = 1

const options = {
  cases: {
    ...{ value: 'A,B', default: 'resnet50-64-fp32', help: 'tasks of npm run bench -- train' },
    without: ['simulate'],
  },
  rounds: {
    ...{ value: 'N', default: '5', help: 'how often the subjects take turns' },
    without: ['simulate'],
  },
  steps: {
    ...{ value: 'N', default: '3', help: 'steps of each subject in each round' },
    without: ['simulate'],
  },
  simulate: {
    help: 'measures nothing: prints a model of more workers and devices, from the newest reports of this bench and that of workers',
  },
  'job-seconds': {
    ...{ value: 'LIST', default: '10,60,600', help: 'how long the jobs of the model run' },
    with: 'simulate',
  },
  'step-ms': {
    ...{ value: 'N', help: 'a step of one device, in place of the one in the report' },
    with: 'simulate',
  },
} as const

export const scaleBench = scriptCommand(
  {
    command: 'npm run bench -- scale',
    summary:
      'Measures what it costs that a step has the same bytes on any number of devices, and what these exchange. The devices share the cores of this processor.',
    options,
  },
  run,
)

async function run(values: OptionValues<typeof options>): Promise<boolean> {
  if (values.simulate) {
    const stepMs = values['step-ms']
    console.log(
      await simulation({
        jobSeconds: values['job-seconds']
          .split(',')
          .map(seconds => parseCount('job-seconds', seconds)),
        stepMs: stepMs === undefined ? null : parseCount('step-ms', stepMs),
      }),
    )
    return true
  }
  const rounds = parseCount('rounds', values.rounds)
  const steps = parseCount('steps', values.steps)
  const known = cases.map(each => each.name)
  const threads = availableParallelism()
  const { kind } = readInstallation()
  const machine = await describeMachine()
  return runBench<Case, TrainingReady, TrainingRow>({
    name: 'scale',
    machine,
    table: scaleTable,
    settings: { kind, threads, rounds, stepsEachRound: steps },
    cases: parseNames('cases', values.cases, casesNamed, known),
    programs: () => scalePrograms(threads),
    unsupportedReason: (_, each) => unsupportedReason('trainyard', each, kind),
    runInterleaved: (each, programs) =>
      withTempFolder(tempFolder =>
        runInterleaved<TrainingReady>(programs, () => ({ ...each, tempFolder }), {
          ...{ rounds, steps, warmUp },
        }),
      ),
    row: (each, { name, started, ...measured }) => {
      const { parameters, firstStepSeconds } = started
      return { case: each.name, subject: name, ...measured, firstStepSeconds, parameters }
    },
  })
}
