import { fork } from 'node:child_process'
import { once } from 'node:events'
import { flaw, TrainyardError } from '../errors.js'
import type { FromPlanner, JobSize, PlannerTask } from '../spec/ipc-messages.js'
import { invalidJob } from './errors.js'

/** Finds out how large a job would be. */
export type Planner = (task: PlannerTask) => Promise<JobSize>

const mostAtOnce = 2
/** ResNet-1001 takes a few seconds. */
const withinMs = 60_000

/** Each job in a process of its own, `script`: a graph takes seconds to build, and knows no way to stop. */
export function openPlanner(script: string, env: NodeJS.ProcessEnv): Planner {
  let running = 0
  return async task => {
    if (running >= mostAtOnce) throw busy()
    running++
    try {
      return await ask(script, env, task)
    } finally {
      running--
    }
  }
}

async function ask(script: string, env: NodeJS.ProcessEnv, task: PlannerTask): Promise<JobSize> {
  const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as ('ignore' | 'inherit' | 'ipc')[]
  const child = fork(script, [], { env, execArgv: [], stdio, serialization: 'advanced' })
  const answered = once(child, 'message') as Promise<[FromPlanner]>
  const ended = once(child, 'exit')
  const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
  try {
    child.send(task, () => {})
    const [answer] = await Promise.race([answered, ended.then(died)])
    if ('size' in answer) return answer.size
    throw invalidJob([flaw('', 'cannot_be_built', answer.flaw)])
  } finally {
    clearTimeout(timer)
    child.kill('SIGKILL')
  }
}

function died([code, signal]: readonly (number | string | null)[]): never {
  throw new Error(`the planner ended with ${signal ?? `exit code ${code}`}`)
}

const busy = () =>
  new TrainyardError(
    'PLANNER_BUSY',
    'unavailable',
    `${mostAtOnce} dry runs are under way already; try again`,
  )
