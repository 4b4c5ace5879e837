import { setTimeout as sleep } from 'node:timers/promises'
import type { JobQueue } from '../../src/jobs/queue/queue.js'
import { isAlive, isDead, leadingProcessId, listProcesses, readStat } from '../../src/processes.js'

const killTimeoutMs = 5000

/**
 * Takes over from workers of this host that are proven dead: first ends the trainers that they left,
 * then gives their jobs back to the queue. Other hosts' workers are none of our business: nobody here
 * can tell whether they live, so their locks run out instead. Returns how many jobs were taken back.
 */
export async function recoverOrphans(queue: JobQueue, trainerScript: string): Promise<number> {
  await killOrphans(trainerScript)
  return queue.requeueOrphaned(isDead)
}

/** A trainer carries its worker's name as its argument. A stopped one does not see that its worker is gone. */
async function killOrphans(trainerScript: string): Promise<void> {
  const orphans = [...listProcesses()].filter(({ args }) => {
    // behind Node's own options, which a process hands on to those that it forks
    const workerId = args[args.indexOf(trainerScript, 1) + 1] ?? ''
    return (
      args.includes(trainerScript) && leadingProcessId(workerId) === workerId && isDead(workerId)
    )
  })
  for (const { pid } of orphans) kill(pid)
  for (const { pid } of orphans) {
    for (const startedAt = Date.now(); isRunning(pid); await sleep(20)) {
      if (Date.now() - startedAt > killTimeoutMs) {
        throw new Error(`trainer ${pid}, whose worker is dead, does not end: its job waits`)
      }
    }
  }
}

const isRunning = (pid: number) => isAlive(readStat(pid))

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // ended by itself
  }
}
