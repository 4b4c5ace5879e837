import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { installation } from '../../src/engine/installation.js'
import { takeTurns } from '../interleave.js'
import { describeMachine } from '../machine.js'
import { chosen, count } from '../options.js'
import { runBench } from '../run.js'
import type { Program } from '../subject.js'
import { withScratch } from '../temp-folder.js'
import { type Case, cases, casesNamed } from './cases.js'
import type { TrainingReady } from './ready.js'
import { lacking, type SubjectName, subjectNames, subjects } from './subjects.js'
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
  const rounds = count('rounds', values.rounds)
  const steps = count('steps', values.steps)
  const named = (name: string) => subjectNames.filter(each => each === name)
  const names = chosen('subjects', values.subjects, named, subjectNames)
  const known = cases.map(each => each.name)
  const resources = { kind: installation().kind, threads: availableParallelism() }
  // first: what the making of an environment leaves in the load average is no sign of others
  const machine = await describeMachine()
  const programs = new Map<SubjectName, Program>()
  // one at a time: two subjects share an environment
  for (const name of names) programs.set(name, await subjects[name].program(resources))

  return runBench<Case, TrainingReady, TrainingRow>({
    ...{ name: 'train', machine, table: trainingTable },
    settings: { ...resources, rounds, stepsEachRound: steps },
    cases: chosen('cases', values.cases, casesNamed, known),
    programs: () => programs,
    lacking: (subject, each) => lacking(subject as SubjectName, each, resources.kind),
    takeTurns: (each, able) =>
      withScratch(scratch =>
        takeTurns<TrainingReady>(able, () => ({ ...each, scratch }), { rounds, steps, warmUp }),
      ),
    row: (each, { name, started, ...measured }) => {
      const { parameters, firstStepSeconds, start } = started
      const facts = { firstStepSeconds, parameters, ...(start && { start }) }
      return { case: each.name, subject: name, ...measured, ...facts }
    },
    doubt: rows =>
      new Set(rows.map(({ parameters }) => parameters)).size > 1
        ? 'the subjects do not train the same network'
        : undefined,
  })
}
