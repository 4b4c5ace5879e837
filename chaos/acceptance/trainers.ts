// Which trainers there are, and what they do, as Linux sees it.
import { setTimeout as sleep } from 'node:timers/promises'
import { glance } from '../../src/processes.js'
import type { Site } from '../deployment.js'

/** With one slot the one at work: one in reserve is younger. */
export async function oldestTrainer(site: Site): Promise<number | null> {
  const since = (pid: number) => Number(glance(pid)?.startedAt ?? Number.POSITIVE_INFINITY)
  const pids = await site.find('trainer')
  return pids.toSorted((a, b) => since(a) - since(b))[0] ?? null
}

const calmDownMs = 60_000

/** Where no job is left: one in reserve is quiet once it has loaded its engine. */
export async function stillBusy(site: Site): Promise<number[]> {
  const ticks = (pid: number) => glance(pid)?.cpuTicks ?? 0
  for (const since = performance.now(); ; ) {
    const before = new Map((await site.find('trainer')).map(pid => [pid, ticks(pid)]))
    await sleep(2000)
    const busy = (await site.find('trainer')).filter(pid => ticks(pid) !== before.get(pid))
    if (busy.length === 0 || performance.now() - since > calmDownMs) return busy
  }
}
