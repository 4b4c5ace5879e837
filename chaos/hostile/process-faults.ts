// Kills and stops each process of a server, and measures how long it takes until the server works again.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../../src/client/client.js'
import { type ChaosDeployment, type ProcessRole, signal } from '../deployment.js'
import type { LoopWatch } from './loop-watch.js'
import type { Tally } from './tally.js'
import { smallBoosting, smallNetwork, type World } from './world.js'

/** Not the supervisor killed: this deployment has no `npm start`, which starts it again (test/supervisor/start.test.ts). */
export const processFaults = [
  { role: 'api', signal: 'SIGKILL' },
  { role: 'api', signal: 'SIGSTOP' },
  { role: 'predictor', signal: 'SIGKILL' },
  { role: 'predictor', signal: 'SIGSTOP' },
  { role: 'planner', signal: 'SIGKILL' },
  { role: 'planner', signal: 'SIGSTOP' },
  { role: 'worker', signal: 'SIGKILL' },
  { role: 'worker', signal: 'SIGSTOP' },
  { role: 'trainer', signal: 'SIGKILL' },
  { role: 'trainer', signal: 'SIGSTOP' },
  { role: 'redis', signal: 'SIGKILL' },
  { role: 'redis', signal: 'SIGSTOP' },
  { role: 'supervisor', signal: 'SIGSTOP' },
] as const satisfies readonly { role: ProcessRole; signal: 'SIGKILL' | 'SIGSTOP' }[]

export type ProcessFault = (typeof processFaults)[number]

export const nameOf = ({ role, signal }: ProcessFault): string =>
  `${signal === 'SIGKILL' ? 'kill' : 'stop'} ${role}`

const healTimeoutMs = 60_000
const planTimeoutMs = 10_000
const pauseMs = 100
const settleMs = 300
const requestTimeoutMs = 3000

export interface Faulty {
  deployment: ChaosDeployment
  client: Client
  world: World
  /** A job that trains for as long as the faults last. */
  running: string
  watch: LoopWatch
  tally: Tally
}

/**
 * Injects a fault, and returns the milliseconds until the server answers each kind of request rightly and
 * its job goes on training; null if no such process runs.
 */
export async function heal(fault: ProcessFault, on: Faulty): Promise<number | null> {
  const { deployment, client, watch, tally } = on
  const pids = await findTargets(fault.role, deployment, client)
  if (pids.length === 0) return null
  if (fault.role === 'api') await Promise.all(pids.map(pid => watch.beforeEnd(pid)))
  try {
    return await tally.whileInterrupted(async () => {
      for (const pid of pids) signal(pid, fault.signal)
      const since = performance.now()
      const missing = await whatFails(recovery(on))
      if (missing !== null) tally.addWrong(`${nameOf(fault)}: not healed: ${missing}`)
      return Math.round(performance.now() - since)
    })
  } finally {
    for (const pid of pids) signal(pid, 'SIGCONT')
  }
}

/** A planner lives as long as a dry run. */
async function findTargets(
  role: ProcessRole,
  deployment: ChaosDeployment,
  client: Client,
): Promise<number[]> {
  if (role !== 'planner') return deployment.find(role)
  let dryRunEnded = false
  // killed with its planner, it is answered with 503
  const dryRun = client.preview(smallNetwork('planned')).catch(() => {})
  void dryRun.then(() => {
    dryRunEnded = true
  })
  const since = performance.now()
  while (!dryRunEnded && performance.now() - since < planTimeoutMs) {
    const pids = await deployment.find(role)
    if (pids.length > 0) return pids
  }
  return []
}

/** Waits until the fault before has no more effect. */
export async function settle(on: Faulty): Promise<void> {
  const missing = await whatFails(recovery(on))
  if (missing !== null) on.tally.addWrong(`not recovered after a fault has ended: ${missing}`)
}

/** A check of whether the server lists, plans, predicts, and trains on from where it is after the fault. */
function recovery({ client, world, running }: Faulty): () => Promise<string | null> {
  const since = performance.now()
  let before: number | null = null
  return async () => {
    await client.jobs({ limit: '1' })
    await client.preview(smallBoosting('planned'))
    if ((await world.predict()) !== world.expected) return 'the predictions differ'
    const { status, progress } = await client.job(running)
    // steps of a trainer that is gone appear a moment later
    if (performance.now() - since > settleMs) before ??= progress.step
    if (before !== null && progress.step > before) return null
    return `the job is ${status} at step ${progress.step}`
  }
}

/**
 * Calls `check` until it returns null, and then returns null; after a minute, returns what it last returned.
 * Each call gets 3 s, so that one that hangs is tried again.
 */
async function whatFails(check: () => Promise<string | null>): Promise<string | null> {
  const since = performance.now()
  for (;;) {
    const timeout = new AbortController()
    const { signal } = timeout
    const late = sleep(requestTimeoutMs, 'no answer', { signal }).catch(() => 'no answer')
    const failing = await Promise.race([check().catch((error: Error) => error.message), late])
    timeout.abort()
    if (failing === null || performance.now() - since > healTimeoutMs) return failing
    await sleep(pauseMs)
  }
}
