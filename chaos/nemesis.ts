// When what is done: a plan that follows from the seed, and the one who carries it out.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Action, actions, type Done, type Grip } from './actions.js'
import type { Site } from './deployment.js'
import type { Random } from './random.js'

export interface Planned {
  /** When as much of all training is done, from 0 to 1. */
  at: number
  action: Action
  random: Random
}

/** The first too is not at the start, and the last before the end: all hit jobs at work. */
const window = { from: 0.03, to: 0.85 }
/** Where nothing trains, nothing gets further: then time moves the plan. */
const longestWaitMs = 10_000
const findTargetWithinMs = 10_000

export function plan(random: Random, count: number): Planned[] {
  const moments = Array.from({ length: count }, () => random.between(window.from, window.to))
  return moments
    .sort((a, b) => a - b)
    .map(at => ({ at, action: random.weighted(actions), random: random.fork() }))
}

export interface Around {
  /** From 0 to 1: how much of all training is done. */
  progress(): number
  /** All jobs have ended: nothing is left to be hit. */
  over(): boolean
  log(line: string): void
}

/** Carries out a plan, in its order; how many of it were done. */
export async function carryOut(
  plan: readonly Planned[],
  site: Site,
  { progress, over, log }: Around,
): Promise<number> {
  const gripped = new Map<Grip, Promise<void>>()
  let done = 0
  let trouble: unknown
  for (const { at, action, random } of plan) {
    const since = Date.now()
    while (progress() < at && Date.now() - since < longestWaitMs && !over()) await sleep(20)
    // an action that finds nothing to hit makes room for another
    for (let next = action; ; next = random.weighted(actions)) {
      await Promise.all(next.grips.map(grip => gripped.get(grip)))
      const result = await insist(next, site, random, over)
      const where = `${(progress() * 100).toFixed(0)} %`.padStart(5)
      log(`${where}  ${next.name.padEnd(20)} ${result?.target ?? 'none to hit'}`)
      if (!result) continue
      done++
      const lasting = result.lasting?.catch((error: unknown) => {
        trouble ??= error
      })
      if (lasting !== undefined) for (const grip of next.grips) gripped.set(grip, lasting)
      break
    }
  }
  await Promise.all(gripped.values())
  if (trouble) throw trouble
  return done
}

/** Tries for a while: what is to be hit may be starting. */
async function insist(
  action: Action,
  site: Site,
  random: Random,
  over: () => boolean,
): Promise<Done | null> {
  for (const since = Date.now(); ; await sleep(100)) {
    const done = await action.act(site, random)
    if (done || over() || Date.now() - since > findTargetWithinMs) return done
  }
}
