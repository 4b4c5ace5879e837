import type { Redis } from 'ioredis'
import { Datasets } from '../../../src/datasets/datasets.js'
import { JobIndex } from '../../../src/jobs/queue/job-index.js'
import { LiveStatePublisher } from '../../../src/jobs/queue/live-state.js'
import { blockingOptions, connect } from '../../../src/jobs/queue/redis.js'
import { TrainingTotals } from '../../../src/jobs/queue/training-totals.js'
import { Checkpoints } from '../../../src/jobs/record/checkpoints.js'
import { JobLog } from '../../../src/jobs/telemetry/job-log.js'
import { MetricsLog } from '../../../src/jobs/telemetry/metrics-log.js'
import { ResourceLog } from '../../../src/jobs/telemetry/resource-log.js'
import type { TestServer } from '../../../testing/test-server.js'
import type { Executor } from '../../../workers/executors/executor.js'
import { findPublished } from '../../../workers/published-result.js'
import { AttemptRunner } from '../../../workers/supervision/attempt.js'
import { JobRunner } from '../../../workers/supervision/job-runner.js'
import { MemoryBudget } from '../../../workers/supervision/memory-budget.js'
import { Slots } from '../../../workers/supervision/slots.js'
import { JobsOnServer } from './jobs-on-server.js'

/** Everything of a worker but the queue, with an executor of the test's choice. */
export class WorkerWithExecutor extends JobsOnServer {
  private readonly redis: Redis
  private readonly slots: Slots

  constructor(
    server: TestServer,
    executor: Executor,
    environment: NodeJS.ProcessEnv,
    { keepsSpare = false } = {},
  ) {
    super(server)
    this.redis = connect(server.redis, blockingOptions, () => {})
    this.slots = new Slots(executor, [{ environment, gpu: null }], () => keepsSpare)
    this.slots.warm()
  }

  /** A runner of a job, and its result. */
  run(id: string): { runner: JobRunner; done: Promise<string> } {
    const { server, records, redis } = this
    const { store, deps } = server
    const { prefix } = server.redis
    const slot = this.slots.acquire(id)
    const jobLog = new JobLog(store)
    const statePublisher = new LiveStatePublisher(redis, prefix)
    const diskProblem = async () => null
    const runner = new JobRunner(
      {
        records,
        jobLog,
        statePublisher,
        diskProblem,
        metricsLog: new MetricsLog(store),
        checkpoints: new Checkpoints(store),
        index: new JobIndex(redis, prefix),
        findDataset: dataset => new Datasets(store).getIntact(dataset),
        refusalOf: () => null,
        sweep: async () => {},
        closeLogs: async () => {},
        memory: new MemoryBudget(Number.POSITIVE_INFINITY),
        totals: new TrainingTotals(redis, prefix),
        log: deps.log,
        findPublished: job => findPublished(store, job),
        startAttempt: (task, attemptRecord) =>
          new AttemptRunner(
            {
              records,
              jobLog,
              resourceLog: new ResourceLog(store),
              statePublisher,
              slot,
              readGpu: () => null,
              diskProblem,
              countOomKills: () => null,
              reserveMemory: () => null,
              hidePaths: text => text,
              log: deps.log,
            },
            task,
            attemptRecord,
          ),
      },
      id,
    )
    const done = runner.run().finally(() => this.slots.release(slot))
    return { runner, done }
  }

  async close(): Promise<void> {
    await this.slots.close()
    this.redis.disconnect()
  }
}
