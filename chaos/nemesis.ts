// When what is done: a plan that follows from the seed, and the one who carries it out.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Action, type ActionResult, actions, type Resource } from './actions.js'
import type { TestDeployment } from './deployment.js'
import type { Random } from './random.js'

export interface PlannedAction {
  /** When as much of all training is done, from 0 to 1. */
  at: number
  action: Action
  random: Random
}

/** The first too is not at the start, and the last before the end: all hit jobs at work. */
const window = { from: 0.03, to: 0.85 }
/** Where nothing trains, nothing gets further: then time moves the plan. */
const maxWaitMs = 10_000
const targetTimeoutMs = 10_000

export function plan(random: Random, count: number): PlannedAction[] {
  const moments = Array.from({ length: count }, () => random.uniform(window.from, window.to))
  return moments
    .sort((a, b) => a - b)
    .map(at => ({ at, action: random.pickWeighted(actions), random: random.fork() }))
}

export interface RunContext {
  /** From 0 to 1: how much of all training is done. */
  progress(): number
  /** All jobs have ended: nothing is left to be hit. */
  isFinished(): boolean
  log(line: string): void
}

/** Carries out a plan, in its order; how many of it were done. */
export async function executePlan(
  plan: readonly PlannedAction[],
  deployment: TestDeployment,
  { progress, isFinished, log }: RunContext,
): Promise<number> {
  const heldResources = new Map<Resource, Promise<void>>()
  let done = 0
  let firstError: unknown
  for (const { at, action, random } of plan) {
    const since = Date.now()
    while (progress() < at && Date.now() - since < maxWaitMs && !isFinished()) await sleep(20)
    // an action that finds nothing to hit makes room for another
    for (let next = action; ; next = random.pickWeighted(actions)) {
      await Promise.all(next.resources.map(resource => heldResources.get(resource)))
      const result = await applyWithRetry(next, deployment, random, isFinished)
      const where = `${(progress() * 100).toFixed(0)} %`.padStart(5)
      log(`${where}  ${next.name.padEnd(20)} ${result?.target ?? 'none to hit'}`)
      if (!result) continue
      done++
      const background = result.background?.catch((error: unknown) => {
        firstError ??= error
      })
      if (background !== undefined)
        for (const resource of next.resources) heldResources.set(resource, background)
      break
    }
  }
  await Promise.all(heldResources.values())
  if (firstError) throw firstError
  return done
}

/** Tries for a while: what is to be hit may be starting. */
async function applyWithRetry(
  action: Action,
  deployment: TestDeployment,
  random: Random,
  isFinished: () => boolean,
): Promise<ActionResult | null> {
  for (const since = Date.now(); ; await sleep(100)) {
    const done = await action.apply(deployment, random)
    if (done || isFinished() || Date.now() - since > targetTimeoutMs) return done
  }
}
