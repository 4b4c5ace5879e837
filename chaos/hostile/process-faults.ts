// Kills and stops each process of a server, and measures how long it takes until the server works again.
import { setTimeout as sleep } from 'node:timers/promises'
import { type ProcessRole, signal } from '../deployment.js'
import { childWork } from './child-work.js'
import type { Faulty } from './faulty.js'
import { grpcProblem } from './grpc-health.js'
import { smallBoosting } from './world.js'

export interface ProcessFault {
  role: ProcessRole
  signal: 'SIGKILL' | 'SIGSTOP'
}

const killedAndStopped = [
  ...(['conversion', 'derivation', 'comparison', 'preview', 'datasetExport'] as const),
  ...(['modelExport', 'checkpointExporter', 'api', 'predictor', 'planner'] as const),
  ...(['worker', 'trainer', 'redis'] as const),
]

/** Not the supervisor killed: this deployment has no `npm start`, which starts it again (test/supervisor/start.test.ts). */
export const processFaults: readonly ProcessFault[] = [
  ...killedAndStopped.flatMap((role): ProcessFault[] => [
    { role, signal: 'SIGKILL' },
    { role, signal: 'SIGSTOP' },
  ]),
  { role: 'supervisor', signal: 'SIGSTOP' },
]

export const nameOf = ({ role, signal }: ProcessFault): string =>
  `${signal === 'SIGKILL' ? 'kill' : 'stop'} ${role}`

const healTimeoutMs = 60_000
/** A process that lives as long as one request may be missed. */
const maxTries = 5
const pauseMs = 100
const settleMs = 300
const requestTimeoutMs = 3000

/**
 * Injects a fault, and returns the milliseconds until the server answers each kind of request rightly and
 * its job goes on training; null if no such process runs.
 */
export async function heal(fault: ProcessFault, on: Faulty): Promise<number | null> {
  const { watch, tally } = on
  const pids = await findTargets(fault.role, on)
  if (pids.length === 0) return null
  if (fault.role === 'api') await Promise.all(pids.map(pid => watch.beforeEnd(pid)))
  try {
    return await tally.whileInterrupted(async () => {
      for (const pid of pids) signal(pid, fault.signal)
      const since = performance.now()
      const missing = await whatFails(recovery(on, childWork[fault.role]))
      if (missing !== null) tally.addWrong(`${nameOf(fault)}: not healed: ${missing}`)
      return Math.round(performance.now() - since)
    })
  } finally {
    for (const pid of pids) signal(pid, 'SIGCONT')
  }
}

/** Some processes live as long as a request that needs them, or a little longer. */
async function findTargets(role: ProcessRole, on: Faulty): Promise<number[]> {
  const work = childWork[role]
  if (!work) return on.deployment.find(role)
  for (let tries = 0; tries < maxTries; tries++) {
    let ended = false
    // killed with its process, it is answered with 503
    void work(on)
      .catch(() => {})
      .then(() => {
        ended = true
      })
    while (!ended) {
      const pids = await on.deployment.find(role)
      if (pids.length > 0) return pids
    }
  }
  return []
}

/** Waits until the fault before has no more effect. */
export async function settle(on: Faulty): Promise<void> {
  const missing = await whatFails(recovery(on))
  if (missing !== null) on.tally.addWrong(`not recovered after a fault has ended: ${missing}`)
}

type Work = (on: Faulty) => Promise<unknown>

/**
 * A check of whether the server has listed, planned, predicted, served gRPC, done `work`, and trained on from where it
 * was after the fault. What it has done once is not asked again: on a busy machine all of it takes long.
 */
function recovery(on: Faulty, work: Work = async () => {}): () => Promise<string | null> {
  const { client, grpcPort, world, running } = on
  const since = performance.now()
  let before: number | null = null
  const missing = new Set<() => Promise<string | null>>([
    () => client.jobs.list({ limit: '1' }).then(() => null),
    () => client.jobs.plan(smallBoosting('planned')).then(() => null),
    async () => ((await world.predict()) === world.expected ? null : 'the predictions differ'),
    async () =>
      (await world.predictImage()) === world.expectedImage ? null : "an image's predictions differ",
    () => grpcProblem(grpcPort),
    () => work(on).then(() => null),
    async () => {
      const { status, progress } = await client.jobs.get(running)
      // steps of a trainer that is gone appear a moment later
      if (performance.now() - since > settleMs) before ??= progress.step
      if (before !== null && progress.step > before) return null
      return `the job is ${status} at step ${progress.step}`
    },
  ])
  return async () => {
    for (const step of [...missing]) {
      const failing = await step()
      if (failing !== null) return failing
      missing.delete(step)
    }
    return null
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
