import { setTimeout as sleep } from 'node:timers/promises'
import { BenchError } from './failure.js'
import { LoadMonitor } from './machine.js'
import { type Program, type StartedSubject, Subject } from './subject.js'
import type { Ready } from './subject-protocol.js'

/** A subject in one case, and how it fared. */
export interface SubjectRun<R extends Ready> {
  name: string
  started?: StartedSubject<R>
  times: number[]
  peakRssMb: number
  /** Why it dropped out. */
  failure?: string
}

export interface Repetitions {
  rounds: number
  /** Of each subject in each round. */
  steps: number
  /** Of each subject before the first round, behind the one that prepares it; not counted. */
  warmUp: number
}

/** Between two turns: thread pools spin for a moment after their last work, then only others work. */
const settleMs = 250
const loadSampleMs = 250

/**
 * One case: all subjects start, one after the other, then work in turns, so that only one computes
 * at a time, and a slow minute of the machine meets all of them. One that fails drops out.
 */
export async function runInterleaved<R extends Ready>(
  programs: ReadonlyMap<string, Program>,
  requestFor: (subject: string) => object,
  { rounds, steps, warmUp }: Repetitions,
): Promise<{ runs: SubjectRun<R>[]; busy: number }> {
  const runs = [...programs.keys()].map(
    (name): SubjectRun<R> => ({ name, times: [], peakRssMb: 0 }),
  )
  const load = new LoadMonitor()
  const processes = new Map<string, Subject>()

  const forEachSubject = async (work: (subject: Subject, run: SubjectRun<R>) => Promise<void>) => {
    for (const run of runs) {
      const { name, failure } = run
      if (failure) continue
      const subject = processes.get(name) ?? new Subject(programs.get(name)!)
      processes.set(name, subject)
      try {
        await work(subject, run)
      } catch (error) {
        subject.kill()
        if (!(error instanceof BenchError)) throw error
        run.failure = error.message
        console.error(`bench:   ${name} failed: ${error.message}`)
      }
      await sleep(settleMs)
      await load.wait(loadSampleMs)
    }
  }

  await forEachSubject(async (subject, run) => {
    run.started = await subject.prepare<R>(requestFor(run.name))
    if (warmUp > 0) await subject.steps(warmUp)
    const seconds = run.started.firstStepSeconds.toFixed(1)
    console.error(`bench:   ${run.name} did its first step after ${seconds} s`)
  })
  for (let round = 1; round <= rounds && runs.some(({ failure }) => !failure); round++) {
    await forEachSubject(async (subject, { times }) => {
      times.push(...(await subject.steps(steps)))
    })
    console.error(`bench:   round ${round} of ${rounds} is over`)
  }
  await forEachSubject(async (subject, run) => {
    run.peakRssMb = await subject.end()
  })
  return { runs, busy: load.busy }
}
