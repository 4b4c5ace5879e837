import { setTimeout as sleep } from 'node:timers/promises'
import { BenchError } from './failure.js'
import { Pauses } from './machine.js'
import { type Program, type Started, Subject } from './subject.js'
import type { Ready } from './subject-protocol.js'

/** A subject in one case, and how it fared. */
export interface Entrant<R extends Ready> {
  name: string
  started?: Started<R>
  times: number[]
  peakRssMb: number
  /** Why it dropped out. */
  failure?: string
}

export interface Pacing {
  rounds: number
  /** Of each subject in each round. */
  steps: number
  /** Of each subject before the first round, behind the one that prepares it; not counted. */
  warmUp: number
}

/** Between two turns: thread pools spin for a moment after their last work, then only others work. */
const settleMs = 250
const watchMs = 250

/**
 * One case: all subjects start, one after the other, then work in turns, so that only one computes
 * at a time, and a slow minute of the machine meets all of them. One that fails drops out.
 */
export async function takeTurns<R extends Ready>(
  programs: ReadonlyMap<string, Program>,
  asked: (subject: string) => object,
  { rounds, steps, warmUp }: Pacing,
): Promise<{ entrants: Entrant<R>[]; busy: number }> {
  const entrants = [...programs.keys()].map(
    (name): Entrant<R> => ({ name, times: [], peakRssMb: 0 }),
  )
  const pauses = new Pauses()
  const processes = new Map<string, Subject>()

  const inTurns = async (work: (subject: Subject, entrant: Entrant<R>) => Promise<void>) => {
    for (const entrant of entrants) {
      const { name, failure } = entrant
      if (failure) continue
      const subject = processes.get(name) ?? new Subject(programs.get(name)!)
      processes.set(name, subject)
      try {
        await work(subject, entrant)
      } catch (error) {
        subject.kill()
        if (!(error instanceof BenchError)) throw error
        entrant.failure = error.message
        console.error(`bench:   ${name} failed: ${error.message}`)
      }
      await sleep(settleMs)
      await pauses.wait(watchMs)
    }
  }

  await inTurns(async (subject, entrant) => {
    entrant.started = await subject.prepare<R>(asked(entrant.name))
    if (warmUp > 0) await subject.steps(warmUp)
    const seconds = entrant.started.firstStepSeconds.toFixed(1)
    console.error(`bench:   ${entrant.name} did its first step after ${seconds} s`)
  })
  for (let round = 1; round <= rounds && entrants.some(({ failure }) => !failure); round++) {
    await inTurns(async (subject, { times }) => {
      times.push(...(await subject.steps(steps)))
    })
    console.error(`bench:   round ${round} of ${rounds} is over`)
  }
  await inTurns(async (subject, entrant) => {
    entrant.peakRssMb = await subject.end()
  })
  return { entrants, busy: pauses.busy }
}
