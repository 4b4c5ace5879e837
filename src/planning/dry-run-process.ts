import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fieldError, TrainyardError } from '../errors.js'
import type { FromPlanner, JobSize, PlannerTask } from '../spec/ipc-messages.js'
import { invalidJob } from './errors.js'

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
      return await runPlanner(script, env, task)
    } finally {
      running--
    }
  }
}

async function runPlanner(
  script: string,
  env: NodeJS.ProcessEnv,
  task: PlannerTask,
): Promise<JobSize> {
  const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as ('ignore' | 'inherit' | 'ipc')[]
  const child = fork(script, [], { env, execArgv: [], stdio, serialization: 'advanced' })
  const response = once(child, 'message') as Promise<[FromPlanner]>
  const exited = once(child, 'exit')
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  try {
    child.send(task, () => {})
    const [answer] = await Promise.race([response, exited.then(throwExited)])
    if ('size' in answer) return answer.size
    throw invalidJob([fieldError('', 'cannot_be_built', answer.error)])
  } finally {
    clearTimeout(timer)
    child.kill('SIGKILL')
  }
}

function throwExited([code, signal]: readonly (number | string | null)[]): never {
  throw new Error(`the planner ended with ${signal ?? `exit code ${code}`}`)
}

const plannerBusy = () =>
  new TrainyardError(
    'PLANNER_BUSY',
    `${maxConcurrent} dry runs are running already; try again later`,
  )
