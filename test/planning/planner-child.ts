// A stand-in for workers/planner.ts that behaves as the name of the job tells it: no network makes the
// real one hang or die on purpose.
import { answerParent } from '../../src/ipc/answer-parent.js'
import type { JobSize, PlannerTask } from '../../src/spec/ipc-messages.js'

answerParent(async ({ job }: PlannerTask): Promise<JobSize> => {
  switch (job.name) {
    case 'busy':
      for (;;);
    case 'idle':
      return new Promise(() => setInterval(() => {}, 1000))
    case 'fill':
      for (const all: number[][] = []; ; ) all.push(Array.from({ length: 10_000 }, Math.random))
    case 'killed':
      process.kill(process.pid, 'SIGKILL')
      break
    case 'stopped':
      process.kill(process.pid, 'SIGSTOP')
      break
  }
  return { parameters: 5, stateBytes: 6, stepBytes: 7, initialized: null, frozenRandom: [] }
})
