// The trainer process: loads the engine that its job needs, trains one attempt at it, and ends.
import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import { assignedResources, readConfig, setEnvironment } from '../src/config.js'
import { loadTensorFlow } from '../src/engine/tensorflow.js'
import type { FromTrainer, StopReason, ToTrainer, TrainerTask } from '../src/spec/ipc-messages.js'
import { isBoosting } from '../src/spec/job.js'
import { diskWithFailpoints } from '../src/store/failpoints.js'
import { openFolderStore } from '../src/store/folder-store.js'
import { AttemptSuperseded, type TrainerDeps } from './attempts/attempt-recorder.js'
import { runBoostingAttempt } from './attempts/boosting-attempt.js'
import { runNetworkAttempt } from './attempts/network-attempt.js'
import { isUnavailable, toFailure, unavailableExitCode } from './failure.js'

/** Ten beats of the worker's: one that is silent for so long has lost us, and another may have the job. */
const leaseMs = 20_000

let leaseRenewedAt = performance.now()
let stopReason: StopReason | null = null

async function main(): Promise<void> {
  const config = readConfig()
  const assigned = new Promise<TrainerTask>(resolve => {
    process.on('message', (message: ToTrainer) => {
      leaseRenewedAt = performance.now()
      if (message.type === 'start') resolve(message.task)
      if (message.type === 'stop') stopReason ??= message.reason
    })
  })
  // without its worker nobody would take what a trainer makes
  process.on('disconnect', exitNow)
  const store = await openFolderStore(
    config.dataFolder,
    diskWithFailpoints(config.failpoints, 'trainer'),
  )
  // one that gets no task at once is in reserve, and loads what most tasks need; boosting does without
  if (!(await arrivesSoon(assigned))) loadTensorFlow()
  await send({ type: 'ready' })
  const task = await assigned
  try {
    await train(task, { store, send, stopRequested })
  } catch (error) {
    const failure = toFailure(error)
    // a bug or a broken machine: the worker sees the crash, and may try again
    if (!failure) throw error
    await send({ type: 'failed', ...failure })
  }
  // all is written and told
  exitNow()
}

/** The engine's own clean-up of its input threads can take half a minute. */
const exitNow = () => void process.kill(process.pid, 'SIGKILL')

const assignmentWaitMs = 200

function arrivesSoon(assigned: Promise<TrainerTask>): Promise<boolean> {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve(false), assignmentWaitMs)
    void assigned.then(() => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}

function train(task: TrainerTask, deps: Omit<TrainerDeps, 'task'>): Promise<void> {
  const { job } = task
  if (!isBoosting(job)) {
    return runNetworkAttempt({ ...deps, tf: loadTensorFlow(), task: { ...task, job } })
  }
  // OpenMP reads it as XGBoost's library loads; more threads than here are cores only take turns
  const limitThreads = (threads: number) => setEnvironment({ OMP_NUM_THREADS: String(threads) })
  return runBoostingAttempt({
    ...deps,
    resources: assignedResources(),
    limitThreads,
    task: { ...task, job },
  })
}

/** Between two steps: hears what the worker has said meanwhile. */
async function stopRequested(): Promise<StopReason | null> {
  await yieldToEventLoop()
  if (performance.now() - leaseRenewedAt > leaseMs) {
    // after a long step the beats of its time may still be unread
    await yieldToEventLoop()
    if (performance.now() - leaseRenewedAt > leaseMs) exitNow()
  }
  return stopReason
}

function send(message: FromTrainer): Promise<void> {
  return new Promise(resolve => {
    if (process.connected) process.send?.(message, () => resolve())
    else resolve()
  })
}

main().catch((error: unknown) => {
  console.error(error instanceof AttemptSuperseded ? error.message : error)
  process.exit(isUnavailable(error) ? unavailableExitCode : 1)
})
