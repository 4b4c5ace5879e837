import { setTimeout as sleep } from 'node:timers/promises'
import { BenchError } from './failure.js'
import { LoadMonitor } from './machine.js'
import { type Program, type StartedSubject, Subject } from './subject.js'
import type { Ready } from './subject-protocol.js'

/** The results of a subject in one case. */
export interface SubjectRun<R extends Ready> {
  name: string
  started?: StartedSubject<R>
  /** Milliseconds of each step. */
  times: number[]
  /** Milliseconds of processor time of a step, for each round; none where they are not known. */
  processorTimes: number[]
  peakRssMb: number
  /** Why it failed, if it did. */
  failure?: string
}

export interface Repetitions {
  rounds: number
  /** Steps of each subject in each round. */
  steps: number
  /** Uncounted steps of each subject before the first round, in addition to the first step. */
  warmUp: number
}

/** Pause after a turn, because thread pools spin briefly after their last work. Then the load of other processes is sampled. */
const settleMs = 250
const loadSampleMs = 250

/**
 * Runs one case: starts all subjects one after the other, then lets them work in turns. So only one
 * computes at a time, and a slow minute of the machine affects all of them. A subject that fails drops out.
 */
export async function runInterleaved<R extends Ready>(
  programs: ReadonlyMap<string, Program>,
  requestFor: (subject: string) => object,
  { rounds, steps, warmUp }: Repetitions,
): Promise<{ runs: SubjectRun<R>[]; busy: number }> {
  const runs = [...programs.keys()].map(
    (name): SubjectRun<R> => ({ name, times: [], processorTimes: [], peakRssMb: 0 }),
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
    console.error(`bench:   ${run.name} finished its first step after ${seconds} s`)
  })
  for (let round = 1; round <= rounds && runs.some(({ failure }) => !failure); round++) {
    await forEachSubject(async (subject, { times, processorTimes }) => {
      const before = subject.processorMs()
      times.push(...(await subject.steps(steps)))
      const after = subject.processorMs()
      if (before !== null && after !== null) processorTimes.push((after - before) / steps)
    })
    console.error(`bench:   finished round ${round} of ${rounds}`)
  }
  await forEachSubject(async (subject, run) => {
    run.peakRssMb = await subject.end()
  })
  return { runs, busy: load.busy }
}
