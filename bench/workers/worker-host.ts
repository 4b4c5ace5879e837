// A process with several workers whose trainers only wait: the queue, its locks and the reports are real.
import { setTimeout as sleep } from 'node:timers/promises'
import { Notifications } from '../../src/jobs/queue/notifications.js'
import { JobQueue } from '../../src/jobs/queue/queue.js'
import { blockingOptions, connect } from '../../src/jobs/queue/redis.js'
import { WorkerReports } from '../../src/jobs/queue/worker-reports.js'
import { isDead, ownProcessId } from '../../src/processes.js'
import { lacks } from '../../src/spec/needs.js'
import { workerReport } from '../../testing/worker-report.js'
import { LocalExecutor } from '../../workers/executors/local-executor.js'
import { Consumer } from '../../workers/supervision/consumer.js'
import type { JobRunner, JobRunOutcome } from '../../workers/supervision/job-runner.js'
import { Slots } from '../../workers/supervision/slots.js'

export interface HostOptions {
  socket: string
  prefix: string
  workers: number
  /** How long each job runs. */
  jobMs: number
}

/** What the process tells: it is ready, or a job was taken or has ended. */
export type FromHost = { type: 'ready' } | { type: 'taken' | 'ended'; id: string; at: number }

/** As in a worker. */
const lockMs = 60_000
const reportMs = 2000
const recoveryMs = 5000

const tell = (message: FromHost) => process.send?.(message)
const now = () => performance.timeOrigin + performance.now()

async function main({ socket, prefix, workers, jobMs }: HostOptions): Promise<void> {
  const config = { connection: { path: socket }, prefix }
  const fail = (error: Error) => console.error(error.message)
  const run = async (id: string): Promise<JobRunOutcome> => {
    tell({ type: 'taken', id, at: now() })
    await sleep(jobMs)
    tell({ type: 'ended', id, at: now() })
    return 'done'
  }
  for (let worker = 0; worker < workers; worker++) {
    const connection = connect(config, blockingOptions, fail)
    const queue = new JobQueue(prefix, connection, fail)
    const reports = new WorkerReports(connection, prefix)
    const report = workerReport({ id: `${ownProcessId}-${worker}` })
    const slots = new Slots(
      new LocalExecutor('no trainer starts'),
      [{ environment: {}, gpu: null }],
      () => false,
    )
    const consumer = new Consumer({
      redis: config,
      notifications: Notifications.open(connect(config, blockingOptions, fail), prefix),
      slots,
      fits: needs => lacks(needs, report).length === 0,
      createRunner: id =>
        ({ run: () => run(id), drain() {}, abandon() {} }) as unknown as JobRunner,
      requeue: async () => {},
      lockMs,
      onError: fail,
      onJobError: (_, error) => fail(error),
      onHeld: () => {},
    })
    consumer.start()
    setInterval(() => void reports.publish(report), reportMs)
    setInterval(() => void queue.requeueOrphaned(isDead).catch(fail), recoveryMs)
    setInterval(() => void queue.waitingCount().catch(fail), reportMs)
  }
  tell({ type: 'ready' })
}

await main(JSON.parse(process.argv[2]!) as HostOptions)
