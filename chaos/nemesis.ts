// The nemesis (Jepsen's word for the part that injects faults): makes a plan from a seed and carries it out.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Action, ActionResult, Resource } from './actions.js'
import type { ChaosDeployment } from './deployment.js'
import type { Random } from './random.js'

export interface PlannedAction {
  /** The share of all training, from 0 to 1, after which the action starts. */
  at: number
  action: Action
  random: Random
}

/** The shares between which actions start, so that all of them hit jobs that train. */
const window = { from: 0.03, to: 0.85 }
/** If no step is trained for this long, the next action starts anyway. */
const maxWaitMs = 10_000
const targetTimeoutMs = 10_000
const maxSearchMs = 300_000

export function plan(random: Random, count: number, actions: readonly Action[]): PlannedAction[] {
  const moments = Array.from({ length: count }, () => random.uniform(window.from, window.to))
  return moments
    .sort((a, b) => a - b)
    .map(at => ({ at, action: random.pickWeighted(actions), random: random.fork() }))
}

export interface RunContext {
  /** Those that may take the place of one that finds no target. */
  actions: readonly Action[]
  /** The share of all training that is done, from 0 to 1. */
  progress(): number
  /** Whether all jobs have ended. */
  isFinished(): boolean
  log(line: string): void
}

/** Carries out a plan in order; returns how many actions were carried out. */
export async function executePlan(
  plan: readonly PlannedAction[],
  deployment: ChaosDeployment,
  { actions, progress, isFinished, log }: RunContext,
): Promise<number> {
  const heldResources = new Map<Resource, Promise<void>>()
  let done = 0
  let firstError: unknown
  for (const { at, action, random } of plan) {
    const since = Date.now()
    while (progress() < at && Date.now() - since < maxWaitMs && !isFinished()) await sleep(20)
    // if an action finds no target, another one replaces it
    for (let next = action; ; next = random.pickWeighted(actions)) {
      await Promise.all(next.resources.map(resource => heldResources.get(resource)))
      const result = await applyWithRetry(next, deployment, random, isFinished)
      const position = `${(progress() * 100).toFixed(0)} %`.padStart(5)
      log(`${position}  ${next.name.padEnd(20)} ${result?.target ?? 'no target'}`)
      if (!result) {
        if (Date.now() - since < maxSearchMs) continue
        throw new Error(`no action found a target within ${maxSearchMs / 1000} s`)
      }
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

/** Retries for 10 s, because the target may be starting. */
async function applyWithRetry(
  action: Action,
  deployment: ChaosDeployment,
  random: Random,
  isFinished: () => boolean,
): Promise<ActionResult | null> {
  for (const since = Date.now(); ; await sleep(100)) {
    const done = await action.apply(deployment, random)
    if (done || isFinished() || Date.now() - since > targetTimeoutMs) return done
  }
}
