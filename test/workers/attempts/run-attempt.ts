import type { Datasets } from '../../../src/datasets/datasets.js'
import { loadTensorFlow } from '../../../src/engine/tensorflow.js'
import { JobRecords } from '../../../src/jobs/record/records.js'
import type { FromTrainer } from '../../../src/spec/ipc-messages.js'
import type { NetworkJob, TrainingJob } from '../../../src/spec/job.js'
import type { Store } from '../../../src/store/store.js'
import { startAttempt } from '../../../testing/running-job.js'
import type { TrainerDeps } from '../../../workers/attempts/attempt-recorder.js'
import { runNetworkAttempt } from '../../../workers/attempts/network-attempt.js'
import { buildTask } from '../../../workers/supervision/trainer-task.js'

interface Stores {
  datasets: Datasets
  store: Store
}

/** Records a new job and runs its first attempt in this process. Returns what the attempt tells the worker. */
export async function runAttempt<J extends TrainingJob>(
  { datasets, store }: Stores,
  job: J,
  run: (deps: TrainerDeps<J>) => Promise<void>,
): Promise<FromTrainer[]> {
  await new JobRecords(store).create(job)
  const attempt = await startAttempt(store, job.id, { phase: 'preparing' })
  const messages: FromTrainer[] = []
  await run({
    store,
    task: {
      ...(await buildTask(job, attempt, { resumedFrom: 0, threads: null }, id => datasets.get(id))),
      job,
    },
    send: async message => void messages.push(message),
    stopRequested: async () => null,
  })
  return messages
}

/** `runAttempt` for a network, on one thread. `trained`: the job as the attempt sees it. */
export const runNetwork = (
  stores: Stores,
  job: NetworkJob,
  trained: NetworkJob = job,
): Promise<FromTrainer[]> =>
  runAttempt(stores, job, deps =>
    runNetworkAttempt({
      ...deps,
      task: { ...deps.task, job: trained },
      tf: loadTensorFlow(),
      threads: 1,
      gpus: 0,
      kernels: 'auto',
      reserveMemory: async () => {},
      gang: null,
    }),
  )
