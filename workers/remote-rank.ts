// Runs a trainer on a machine that an engine such as Ray, Kubernetes or Slurm has chosen. Messages of the trainer go
// to its worker through Redis, and back (executors/remote).
import { childEnvironment, readConfig } from '../src/config.js'
import { TrainyardError } from '../src/errors.js'
import { connect, logConnectionErrors } from '../src/jobs/queue/redis.js'
import { parsePlacement, parseRelay } from '../src/placement.js'
import { scriptPath } from '../src/places.js'
import { version } from '../src/version.js'
import { ForkedTrainer } from './executors/local-executor.js'
import { readerOptions, waitUntilReady, writerOptions } from './executors/remote/connections.js'
import { linkId } from './executors/remote/messages.js'
import { Relay } from './executors/remote/relay.js'

/** An engine may start this process before the network of its container works. */
const connectTimeoutMs = 60_000

async function main(): Promise<number> {
  const config = readConfig()
  const place = parsePlacement(childEnvironment())
  const { job, worker, version: workerVersion } = parseRelay(childEnvironment())
  if (!config.redis || !place) {
    const missing = config.redis ? 'its place, which a worker gives it' : 'REDIS_URL'
    throw new TrainyardError('INVALID_CONFIGURATION', `a rank needs ${missing}`)
  }
  if (workerVersion !== version) {
    const message = `this node has Trainyard ${version}, and the worker ${workerVersion}: install the same`
    throw new TrainyardError('INVALID_CONFIGURATION', message)
  }
  const redis = { connection: config.redis, prefix: config.redisPrefix }
  const onError = logConnectionErrors({
    warn: (details, text) => console.log(`${text}: ${(details as { reason: string }).reason}`),
  })
  const writer = connect(redis, writerOptions, onError)
  const reader = connect(redis, readerOptions, onError)
  await waitUntilReady(writer, connectTimeoutMs)
  const relay = new Relay({
    link: linkId({ job, attempt: place.attempt, rank: place.rank }),
    worker,
    prefix: config.redisPrefix,
    redis: writer,
    reader,
    startTrainer: listener =>
      new ForkedTrainer(scriptPath('workers/trainer'), childEnvironment(), listener),
    log: line => console.log(line),
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => relay.drain())
  return relay.run()
}

main().then(
  code => process.exit(code),
  (error: unknown) => {
    console.log(error instanceof TrainyardError ? `rank: ${error.message}` : error)
    process.exit(1)
  },
)
