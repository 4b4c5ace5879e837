// The trainer process: loads the engine that its job needs, trains one attempt at it, and ends.
import { setImmediate as turn } from 'node:timers/promises'
import { ownShare, readConfig, setEnvironment } from '../src/config.js'
import { loadTensorFlow } from '../src/engine/tensorflow.js'
import type { FromTrainer, StopReason, ToTrainer, TrainerTask } from '../src/spec/ipc-messages.js'
import { isBoosting } from '../src/spec/job.js'
import { diskOf } from '../src/store/failpoints.js'
import { openFolderStore } from '../src/store/folder-store.js'
import type { TrainerParts } from './attempts/attempt-recorder.js'
import { boostAttempt } from './attempts/boosting-attempt.js'
import { trainAttempt } from './attempts/network-attempt.js'
import { failureOf, isUnavailable, unavailableCode } from './failure.js'

/** Ten beats of the worker's: one that is silent for so long has lost us, and another may have the job. */
const leaseMs = 20_000

let leasedAt = performance.now()
let stop: StopReason | null = null

async function main(): Promise<void> {
  const config = readConfig()
  const received = new Promise<TrainerTask>(resolve => {
    process.on('message', (message: ToTrainer) => {
      leasedAt = performance.now()
      if (message.type === 'start') resolve(message.task)
      if (message.type === 'stop') stop ??= message.reason
    })
  })
  // without its worker nobody would take what a trainer makes
  process.on('disconnect', end)
  const store = await openFolderStore(config.dataFolder, diskOf(config.failpoints, 'trainer'))
  // one that gets no task at once is in reserve, and loads what most tasks need; boosting does without
  if (!(await soon(received))) loadTensorFlow()
  await tell({ type: 'ready' })
  const task = await received
  try {
    await train(task, { store, tell, stopAsked })
  } catch (error) {
    const failure = failureOf(error)
    // a bug or a broken machine: the worker sees the crash, and may try again
    if (!failure) throw error
    await tell({ type: 'failed', ...failure })
  }
  // all is written and told
  end()
}

/** The engine's own clean-up of its input threads can take half a minute. */
const end = () => void process.kill(process.pid, 'SIGKILL')

const soonMs = 200

function soon(received: Promise<TrainerTask>): Promise<boolean> {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve(false), soonMs)
    void received.then(() => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}

function train(task: TrainerTask, parts: Omit<TrainerParts, 'task'>): Promise<void> {
  const { job } = task
  if (!isBoosting(job)) {
    return trainAttempt({ ...parts, tf: loadTensorFlow(), task: { ...task, job } })
  }
  // OpenMP reads it as XGBoost's library loads; more threads than here are cores only take turns
  const limitThreads = (threads: number) => setEnvironment({ OMP_NUM_THREADS: String(threads) })
  return boostAttempt({ ...parts, share: ownShare(), limitThreads, task: { ...task, job } })
}

/** Between two steps: hears what the worker has said meanwhile. */
async function stopAsked(): Promise<StopReason | null> {
  await turn()
  if (performance.now() - leasedAt > leaseMs) {
    // after a long step the beats of its time may still be unread
    await turn()
    if (performance.now() - leasedAt > leaseMs) end()
  }
  return stop
}

function tell(message: FromTrainer): Promise<void> {
  return new Promise(resolve => {
    if (process.connected) process.send?.(message, () => resolve())
    else resolve()
  })
}

main().catch((error: unknown) => {
  console.error(error)
  process.exit(isUnavailable(error) ? unavailableCode : 1)
})
