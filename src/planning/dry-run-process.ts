import pLimit from 'p-limit'
import { fieldError, TrainyardError } from '../errors.js'
import { askChild } from '../ipc/ask-child.js'
import { ChildExitError, ChildKilledError } from '../ipc/child-errors.js'
import type { JobSize, PlannerTask } from '../spec/ipc-messages.js'
import { invalidJob } from './errors.js'

/** Estimates the size of a network's job by building its graph. The caller may give up by `signal`. */
export type Planner = (task: PlannerTask, signal?: AbortSignal) => Promise<JobSize>

export interface PlannerOptions {
  /** The script of the child (workers/planner.ts). */
  script: string
  env: NodeJS.ProcessEnv
  /** Default: 2. Others wait. */
  maxConcurrent?: number
  /** Default: 8. */
  maxWaiting?: number
  /** Default: 60,000. ResNet-1001, the deepest network, takes 4 s of an idle core. */
  timeoutMs?: number
  /**
   * Processor time after which a network that is not planned in time is to blame, and not the other
   * processes of a busy machine. Default: 15,000.
   */
  fairCpuMs?: number
  /** Default: 512. ResNet-1001 takes less than 128 MiB. */
  maxHeapMiB?: number
}

/** Forks `script` for each dry run: building a graph takes seconds and cannot be interrupted. */
export function openPlanner({
  script,
  env,
  maxConcurrent = 2,
  maxWaiting = 8,
  timeoutMs = 60_000,
  fairCpuMs = 15_000,
  maxHeapMiB = 512,
}: PlannerOptions): Planner {
  const limit = pLimit(maxConcurrent)
  return async (task, signal) => {
    if (limit.activeCount >= maxConcurrent && limit.pendingCount >= maxWaiting)
      throw plannerBusy(maxConcurrent + maxWaiting)
    const execArgv = [`--max-old-space-size=${maxHeapMiB}`]
    // V8 would write to stderr if its heap is full.
    const options = { name: 'planner', script, env, execArgv, timeoutMs, stderr: 'ignore' } as const
    const run = () =>
      askChild<PlannerTask, JobSize>(task, { ...options, ...(signal && { signal }) })
    return limit(run).catch(error => {
      throw toPlannerError(error, task, { timeoutMs, fairCpuMs, maxHeapMiB })
    })
  }
}

/** A network that is too large to plan is the request's fault; a planner that was killed is not. */
function toPlannerError(
  error: unknown,
  { job }: PlannerTask,
  limits: Required<Pick<PlannerOptions, 'timeoutMs' | 'fairCpuMs' | 'maxHeapMiB'>>,
): unknown {
  const { timeoutMs, fairCpuMs, maxHeapMiB } = limits
  if (error instanceof ChildExitError) {
    return error.heapIsFull
      ? tooLargeToPlan(job, `${maxHeapMiB} MiB of memory`)
      : plannerKilled(error)
  }
  if (!(error instanceof ChildKilledError)) return error
  const { reason, cpuMs } = error
  const isSlow = reason === 'timeout' && (cpuMs === null || cpuMs >= fairCpuMs)
  return isSlow ? tooLargeToPlan(job, `${timeoutMs / 1000} s`) : plannerKilled(error)
}

function tooLargeToPlan({ model }: PlannerTask['job'], limit: string): TrainyardError {
  const [field, value] =
    'depth' in model ? ['depth', model.depth] : ['blocks', model.kind === 'resnet' && model.blocks]
  const message = `the graph of a ${model.kind} with ${field} ${value} cannot be built within ${limit}: lower model.${field}`
  return invalidJob([fieldError(`/model/${field}`, 'cannot_be_built', message)])
}

const plannerBusy = (maxDryRuns: number) =>
  new TrainyardError('PLANNER_BUSY', `${maxDryRuns} dry runs are in progress already; try again`)

const plannerKilled = (cause: Error) =>
  new TrainyardError('PLANNER_KILLED', `${cause.message}; try again`, { cause })
