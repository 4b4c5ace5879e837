import { setTimeout as sleep } from 'node:timers/promises'
import type { JobQueue } from '../../src/jobs/queue/queue.js'
import { isAlive, isDead, leadingProcessId, listProcesses, readStat } from '../../src/processes.js'

const killTimeoutMs = 5000

/**
 * Recovers the jobs of workers of this host that are proven dead: kills the trainers that they left
 * behind, then returns their jobs to the queue. Whether a worker of another host is dead cannot be
 * known here, so the locks of its jobs expire instead. Returns the number of jobs requeued.
 */
export async function recoverOrphans(queue: JobQueue, trainerScript: string): Promise<number> {
  await killOrphans(trainerScript)
  return queue.requeueOrphaned(isDead)
}

/**
 * A trainer has its worker's process id as its argument. A stopped trainer does not notice that its
 * worker is gone, so it would stay.
 */
async function killOrphans(trainerScript: string): Promise<void> {
  const orphans = [...listProcesses()].filter(({ args }) => {
    // the argument after the script; Node's own options, which forked processes inherit, come before it
    const workerId = args[args.indexOf(trainerScript, 1) + 1] ?? ''
    return (
      args.includes(trainerScript) && leadingProcessId(workerId) === workerId && isDead(workerId)
    )
  })
  for (const { pid } of orphans) kill(pid)
  for (const { pid } of orphans) {
    for (const startedAt = Date.now(); isRunning(pid); await sleep(20)) {
      if (Date.now() - startedAt > killTimeoutMs) {
        throw new Error(
          `trainer ${pid}, whose worker is dead, does not end; its job stays locked until it does`,
        )
      }
    }
  }
}

const isRunning = (pid: number) => isAlive(readStat(pid))

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has already ended
  }
}
