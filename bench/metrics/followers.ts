// A thousand readers follow one job over HTTP: node dist/bench/metrics/followers.js [followers] [rows]
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createParser } from 'eventsource-parser'
import { LiveStatePublisher } from '../../src/jobs/queue/live-state.js'
import { JobRecords } from '../../src/jobs/record/records.js'
import { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import {
  type ApiWithMemory,
  type BenchDeployment,
  createRunningJob,
  openBenchDeployment,
} from './metrics-server.js'

const followers = Number(process.argv[2] ?? 1000)
const rows = Number(process.argv[3] ?? 500)
/** Rows that are there before anybody follows. */
const initialRows = Math.floor(rows / 5)

/** The steps that one reader hears, to the end of the stream. */
function follow(yard: BenchDeployment, api: ApiWithMemory, id: string): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const steps: number[] = []
    const headers = { accept: 'text/event-stream', authorization: `Bearer ${yard.key}` }
    const parser = createParser({
      onEvent: ({ event, data }) => {
        if (event === 'metrics') steps.push(JSON.parse(data).step)
      },
    })
    const request = get(`${api.url}/jobs/${id}/metrics`, { headers, agent: false }, response => {
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => parser.feed(chunk))
      response.on('end', () => resolve(steps))
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}

const deployment = await openBenchDeployment()
try {
  const api = await deployment.startApi()
  const id = await createRunningJob(deployment)
  const log = new MetricsLog(deployment.store)
  const live = new LiveStatePublisher(deployment.redis, deployment.prefix)
  const write = async (from: number, to: number, pauseMs: number) => {
    for (let step = from; step <= to; step++) {
      const values = { loss: 1 / step, accuracy: 1 - 1 / step, learningRate: 0.001 }
      await log.append(id, 1, { step, time: new Date().toISOString(), values })
      await live.publish(id, null, 'metrics')
      if (pauseMs > 0) await sleep(pauseMs)
    }
  }
  const idle = await api.memory()
  await write(1, initialRows, 0)
  const since = performance.now()
  const streams = Array.from({ length: followers }, () => follow(deployment, api, id))
  await write(initialRows + 1, rows, 20)
  const during = await api.memory()
  const written = performance.now()
  const ended = await new JobRecords(deployment.store).finish(id, {
    status: 'succeeded',
    finishedAt: new Date().toISOString(),
    attempt: 1,
    failure: null,
    model: null,
    metrics: {},
    step: rows,
  })
  if (!ended) throw new Error(`job ${id} cannot end: its followers would wait for ever`)
  await live.publish(id, null, 'changed')
  const all = await Promise.all(streams)
  const seconds = (performance.now() - since) / 1000
  const lagSeconds = (performance.now() - written) / 1000
  const complete = all.filter(
    steps => steps.length === rows && steps.every((step, i) => step === i + 1),
  ).length
  const { peak } = await api.memory()
  console.log(`${complete} of ${followers} followers heard each of ${rows} rows once, in order`)
  console.log(`${seconds.toFixed(1)} s, the last ${lagSeconds.toFixed(1)} s after the last row`)
  console.log(`API: ${idle.now} MiB idle, ${during.now} MiB while rows came, ${peak} MiB at most`)
  console.log(`${api.cpuSeconds()} s CPU`)
  if (complete < followers) process.exitCode = 1
} finally {
  await deployment.close()
}
