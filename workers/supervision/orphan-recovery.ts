import { setTimeout as sleep } from 'node:timers/promises'
import type { JobQueue } from '../../src/jobs/queue/queue.js'
import { commands, glance, isGone, leadingName, lives } from '../../src/processes.js'

const goneWithinMs = 5000

/**
 * Takes over from workers of this host that are proven dead: first ends the trainers that they left,
 * then gives their jobs back to the queue. Other hosts' workers are none of our business: nobody here
 * can tell whether they live, so their locks run out instead. Returns how many jobs were taken back.
 */
export async function takeBack(queue: JobQueue, trainerScript: string): Promise<number> {
  await endOrphans(trainerScript)
  return queue.takeBack(isGone)
}

/** A trainer carries its worker's name as its argument. A stopped one does not see that its worker is gone. */
async function endOrphans(trainerScript: string): Promise<void> {
  const orphans = [...commands()].filter(({ args }) => {
    // behind Node's own options, which a process hands on to those that it forks
    const worker = args[args.indexOf(trainerScript, 1) + 1] ?? ''
    return args.includes(trainerScript) && leadingName(worker) === worker && isGone(worker)
  })
  for (const { pid } of orphans) kill(pid)
  for (const { pid } of orphans) {
    for (const since = Date.now(); runs(pid); await sleep(20)) {
      if (Date.now() - since > goneWithinMs) {
        throw new Error(`trainer ${pid}, whose worker is dead, does not end: its job waits`)
      }
    }
  }
}

const runs = (pid: number) => lives(glance(pid))

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // ended by itself
  }
}
