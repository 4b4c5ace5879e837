// The trainer process: loads the engine, trains one attempt at one job, and ends.
import { setImmediate as turn } from 'node:timers/promises'
import { readConfig } from '../src/config.js'
import { loadTensorFlow } from '../src/engine/tensorflow.js'
import type { FromTrainer, StopReason, ToTrainer, TrainerTask } from '../src/spec/messages.js'
import { openFolderStore } from '../src/store/folder-store.js'
import { failureOf } from './failure.js'
import { trainAttempt } from './training.js'

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
  process.on('disconnect', () => process.exit(1))
  const tf = loadTensorFlow()
  const store = await openFolderStore(config.dataFolder)
  await tell({ type: 'ready' })
  const task = await received
  try {
    await trainAttempt({ tf, store, task, tell, stopAsked })
  } catch (error) {
    const failure = failureOf(error)
    // a bug or a broken machine: the worker sees the crash, and may try again
    if (!failure) throw error
    await tell({ type: 'failed', ...failure })
  }
  // all is written and told; the engine's own clean-up of its input threads can take half a minute
  process.kill(process.pid, 'SIGKILL')
}

/** Between two steps: hears what the worker has said meanwhile. */
async function stopAsked(): Promise<StopReason | null> {
  await turn()
  if (performance.now() - leasedAt > leaseMs) {
    // after a long step the beats of its time may still be unread
    await turn()
    if (performance.now() - leasedAt > leaseMs) process.exit(1)
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
  process.exit(1)
})
