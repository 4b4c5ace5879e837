// The health check of a worker's container: exit code 0 if a worker of this container, or machine, has reported to
// Redis within the last seconds. Its report shows that its event loop runs and that it reaches the queue.
import { readConfig } from '../src/config.js'
import { TrainyardError } from '../src/errors.js'
import { connect, failFastOptions } from '../src/jobs/queue/redis.js'
import { WorkerReports } from '../src/jobs/queue/worker-reports.js'
import { isOfThisHost } from '../src/processes.js'
import type { Worker } from '../src/spec/worker.js'

/** Less than the time that the health check may take. */
const timeoutMs = 5000

async function check(): Promise<{ healthy: boolean; text: string }> {
  const { redis: connection, redisPrefix: prefix } = readConfig()
  if (!connection) return { healthy: false, text: 'REDIS_URL is not set' }
  let workers: Worker[]
  const redis = connect(
    { connection, prefix },
    { ...failFastOptions, enableOfflineQueue: true, retryStrategy: () => null },
    () => {},
  )
  try {
    workers = await new WorkerReports(redis, prefix).read()
  } catch (error) {
    // trainers go on without Redis: whoever restarts what is not healthy must not end them
    const text = `Redis does not answer (${(error as Error).message}), so the worker is not checked`
    return { healthy: true, text }
  } finally {
    redis.disconnect()
  }
  const own = workers.filter(({ id }) => isOfThisHost(id))
  if (own.length === 0) return { healthy: false, text: 'no worker of this host reports to Redis' }
  const busy = own.flatMap(({ slots }) => slots).filter(({ job }) => job !== null)
  return { healthy: true, text: `the worker reports to Redis; running jobs: ${busy.length}` }
}

setTimeout(() => {
  console.log(`no answer within ${timeoutMs} ms`)
  process.exit(1)
}, timeoutMs).unref()

check().then(
  ({ healthy, text }) => {
    console.log(text)
    process.exit(healthy ? 0 : 1)
  },
  (error: unknown) => {
    console.error(error instanceof TrainyardError ? `worker: ${error.message}` : error)
    process.exit(1)
  },
)
