import { TrainyardError } from '../errors.js'
import { askChild } from '../ipc/ask-child.js'
import type { JobSize, PlannerTask } from '../spec/ipc-messages.js'

/** Estimates the size of a network's job by building its graph. */
export type Planner = (task: PlannerTask) => Promise<JobSize>

const maxConcurrent = 2
/** ResNet-1001 takes a few seconds. */
const timeoutMs = 60_000

/** Forks `script` for each dry run: building a graph takes seconds and cannot be interrupted. */
export function openPlanner(script: string, env: NodeJS.ProcessEnv): Planner {
  let running = 0
  return async task => {
    if (running >= maxConcurrent) throw plannerBusy()
    running++
    try {
      return await askChild<PlannerTask, JobSize>(task, { name: 'planner', script, env, timeoutMs })
    } finally {
      running--
    }
  }
}

const plannerBusy = () =>
  new TrainyardError(
    'PLANNER_BUSY',
    `${maxConcurrent} dry runs are running already; try again later`,
  )
