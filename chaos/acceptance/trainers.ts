import { setTimeout as sleep } from 'node:timers/promises'
import { readStat } from '../../src/processes.js'
import type { ChaosDeployment } from '../deployment.js'

/** With one slot, the oldest trainer is the active one: a spare trainer is younger. */
export async function oldestTrainer(deployment: ChaosDeployment): Promise<number | null> {
  const since = (pid: number) => Number(readStat(pid)?.startedAt ?? Number.POSITIVE_INFINITY)
  const pids = await deployment.find('trainer')
  return pids.toSorted((a, b) => since(a) - since(b))[0] ?? null
}

const idleTimeoutMs = 60_000

/**
 * The trainers that use the processor although no job is left. Waits up to 60 s, because a spare trainer is
 * busy while it loads its engine.
 */
export async function busyTrainers(deployment: ChaosDeployment): Promise<number[]> {
  const ticks = (pid: number) => readStat(pid)?.cpuTicks ?? 0
  for (const since = performance.now(); ; ) {
    const before = new Map((await deployment.find('trainer')).map(pid => [pid, ticks(pid)]))
    await sleep(2000)
    const busy = (await deployment.find('trainer')).filter(pid => ticks(pid) !== before.get(pid))
    if (busy.length === 0 || performance.now() - since > idleTimeoutMs) return busy
  }
}
