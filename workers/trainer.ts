// The trainer process: loads the engine that its job needs, trains one attempt, and ends.
import { join } from 'node:path'
import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import {
  assignedResources,
  type Config,
  childEnvironment,
  readConfig,
  setEnvironment,
} from '../src/config.js'
import { releaseLibraryPages } from '../src/engine/library-pages.js'
import { bringUpLoopback, hasOwnNetwork } from '../src/engine/loopback.js'
import { loadTensorFlow } from '../src/engine/tensorflow.js'
import { RankLost } from '../src/errors.js'
import { parsePlacement } from '../src/placement.js'
import type { FromTrainer, StopReason, ToTrainer, TrainerTask } from '../src/spec/ipc-messages.js'
import { isBoosting, isPrediction } from '../src/spec/job.js'
import type { MemoryEstimate } from '../src/spec/memory-estimate.js'
import { diskWithFailpoints } from '../src/store/failpoints.js'
import { openStore } from '../src/store/open-store.js'
import { AttemptSuperseded, type TrainerDeps } from './attempts/attempt-recorder.js'
import type { GangDeps } from './attempts/boosting-gang.js'
import type { NetworkGangDeps } from './attempts/network-gang.js'
import { isUnavailable, toFailure, toTrainerError, unavailableExitCode } from './failure.js'

/** Imported when they are needed: a boosting job needs no graph compiler, and a network no readers of tables. */
const attempts = {
  network: async () => (await import('./attempts/network-attempt.js')).runNetworkAttempt,
  boosting: async () => (await import('./attempts/boosting-attempt.js')).runBoostingAttempt,
  prediction: async () => (await import('./prediction/prediction-attempt.js')).runPredictionAttempt,
}

/** Ten missed heartbeats of the worker. After this, another worker may have the job. */
const leaseMs = 20_000

let leaseRenewedAt = performance.now()
let stopReason: StopReason | null = null
let grantMemory: () => void
const memoryGranted = new Promise<void>(resolve => {
  grantMemory = resolve
})
let setLeader: (address: string) => void
const leaderAddress = new Promise<string>(resolve => {
  setLeader = resolve
})

let setGathered: (values: string[]) => void

async function main(): Promise<void> {
  const config = readConfig()
  const assigned = new Promise<TrainerTask>(resolve => {
    process.on('message', (message: ToTrainer) => {
      leaseRenewedAt = performance.now()
      if (message.type === 'start') resolve(message.task)
      if (message.type === 'stop') stopReason ??= message.reason
      if (message.type === 'memoryGranted') grantMemory()
      if (message.type === 'leader') setLeader(message.address)
      if (message.type === 'gathered') setGathered(message.values)
    })
  })
  // the worker is gone, and with it the lease on the job
  process.on('disconnect', exitNow)
  const disk = diskWithFailpoints(config.failpoints, 'trainer')
  const store = await openStore(config, { disk, keepsFolders: true })
  const gang = enterGang(config.executor.gangNetwork)
  const sendAfterLogs = async (message: FromTrainer) => {
    // whoever hears of the end reads all rows
    if (endings.has(message.type)) await store.syncAll()
    await send(message)
  }
  // a trainer without a task is a spare, so it loads what most jobs need
  if (!(await arrivesSoon(assigned))) {
    loadTensorFlow()
    await attempts.network()
    // it may wait for hours, or train trees
    releaseLibraryPages()
  }
  await send({ type: 'ready' })
  const task = await assigned
  try {
    await train(task, gang, { store, send: sendAfterLogs, stopRequested })
  } catch (error) {
    const failure = toFailure(error)
    // a bug or a broken machine: the worker sees the exit code and may start another attempt
    if (!failure) throw error
    await sendAfterLogs({ type: 'failed', ...failure })
  }
  // everything is stored and sent
  exitNow()
}

/** Skips TensorFlow's clean-up of its input threads, which can take 30 s. */
const exitNow = () => void process.kill(process.pid, 'SIGKILL')

/** Messages with which an attempt ends. */
const endings: ReadonlySet<FromTrainer['type']> = new Set(['finished', 'failed', 'stopped'])

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

/** Null if this process trains alone. Throws if the ports of a gang could be reached by others. */
function enterGang(
  network: Config['executor']['gangNetwork'],
): (GangDeps & NetworkGangDeps) | null {
  const placement = parsePlacement(childEnvironment())
  if (!placement || placement.world === 1) return null
  if (network !== 'private') {
    if (!hasOwnNetwork()) {
      throw new Error(
        'others reach the network of this trainer, and the ranks of a gang trust whoever reaches them: set TRAINYARD_GANG_NETWORK=private if nobody else does',
      )
    }
    bringUpLoopback()
  }
  const announce = (address: string) => send({ type: 'leader', address })
  const gather = (value: string) =>
    new Promise<string[]>(resolve => {
      setGathered = resolve
      void send({ type: 'gather', value })
    })
  return { placement, isPrivate: network === 'private', announce, leaderAddress, gather }
}

async function train(
  task: TrainerTask,
  gang: ReturnType<typeof enterGang>,
  deps: Omit<TrainerDeps, 'task'>,
): Promise<void> {
  const { job } = task
  if (isPrediction(job)) {
    const { dataFolder, servingRuntime: runtime } = readConfig()
    const { threads } = assignedResources()
    const cacheFolder = join(dataFolder, '.cache', 'runtimes')
    const runPredictionAttempt = await attempts.prediction()
    return runPredictionAttempt({
      ...deps,
      loadTensorFlow,
      network: { threads, runtime, cacheFolder },
      task: { ...task, job },
    })
  }
  if (!isBoosting(job)) {
    const { threads: slotThreads, tensorflowThreads: threads, gpus } = assignedResources()
    // ranks share the slot's, so theirs say nothing
    if (!gang && threads !== slotThreads) {
      console.log(
        `computes with ${threads} threads, as the first attempt did; the slot has ${slotThreads}`,
      )
    }
    const runNetworkAttempt = await attempts.network()
    return runNetworkAttempt({
      ...deps,
      threads,
      gpus,
      kernels: readConfig().trainingKernels,
      reserveMemory,
      tf: loadTensorFlow(),
      gang,
      task: { ...task, job },
    })
  }
  // OpenMP reads OMP_NUM_THREADS when XGBoost's library loads
  const limitThreads = (threads: number) => setEnvironment({ OMP_NUM_THREADS: String(threads) })
  const runBoostingAttempt = await attempts.boosting()
  return runBoostingAttempt({
    ...deps,
    resources: assignedResources(),
    limitThreads,
    gang,
    task: { ...task, job },
  })
}

/** Receives the worker's messages between two steps. Ends the process if the lease has expired. */
async function stopRequested(): Promise<StopReason | null> {
  await yieldToEventLoop()
  if (performance.now() - leaseRenewedAt > leaseMs) {
    // heartbeats that arrived during a long step may still be unread
    await yieldToEventLoop()
    if (performance.now() - leaseRenewedAt > leaseMs) {
      console.error(`the trainer ends itself: no sign of its worker for ${leaseMs / 1000} s`)
      exitNow()
    }
  }
  return stopReason
}

/** Waits until the worker lets the job take the memory. If it does not, it kills this process. */
async function reserveMemory(memory: MemoryEstimate): Promise<void> {
  await send({ type: 'memory', memory })
  await memoryGranted
}

function send(message: FromTrainer): Promise<void> {
  return new Promise(resolve => {
    if (process.connected) process.send?.(message, () => resolve())
    else resolve()
  })
}

main().catch(async (error: unknown) => {
  const unavailable = isUnavailable(error)
  const described = toTrainerError(error)
  // the stack of a bug is for the worker's log
  const isBug = !unavailable && !(error instanceof AttemptSuperseded || error instanceof RankLost)
  console.error(isBug ? error : described.message)
  await send({ type: 'error', ...described })
  process.exit(unavailable ? unavailableExitCode : 1)
})
