import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createParser } from 'eventsource-parser'
import { LiveStatePublisher } from '../../src/jobs/queue/live-state.js'
import { JobRecords } from '../../src/jobs/record/records.js'
import { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import { within } from '../../testing/eventually.js'
import type { ApiWithMemory, BenchDeployment } from '../bench-deployment.js'
import { createRunningJob } from './running-job.js'

const rowIntervalMs = 20
const endTimeoutMs = 300_000

/**
 * Follows one job over many connections while its rows are written, and prints the delay and the API's
 * memory. Returns false if a follower did not receive each row once and in order.
 */
export async function measureFollowers(
  deployment: BenchDeployment,
  followers: number,
  rows: number,
): Promise<boolean> {
  const api = await deployment.startApi()
  const id = await createRunningJob(deployment.store)
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
  // a fifth of the rows exists before the first follower connects
  const initialRows = Math.floor(rows / 5)
  await write(1, initialRows, 0)
  const since = performance.now()
  const streams = Array.from({ length: followers }, () => follow(deployment, api, id))
  await write(initialRows + 1, rows, rowIntervalMs)
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
  if (!ended) throw new Error(`job ${id} cannot end, so its followers would never finish`)
  await live.publish(id, null, 'changed')
  const all = await within(
    `${followers} followers to receive the end of ${id}`,
    Promise.all(streams),
    { timeoutMs: endTimeoutMs },
  )
  const seconds = (performance.now() - since) / 1000
  const lagSeconds = (performance.now() - written) / 1000
  const complete = all.filter(
    steps => steps.length === rows && steps.every((step, i) => step === i + 1),
  ).length
  const { peak } = await api.memory()
  console.log(`${complete} of ${followers} followers received all ${rows} rows once and in order`)
  console.log(
    `${seconds.toFixed(1)} s; the last ended ${lagSeconds.toFixed(1)} s after the last row`,
  )
  console.log(
    `API: ${idle.now} MiB idle, ${during.now} MiB while rows came, ${peak} MiB at its peak`,
  )
  console.log(`${api.cpuSeconds()} s of CPU time`)
  return complete === followers
}

/** Follows a job until the stream ends; resolves with the steps of the rows that it received. */
function follow(deployment: BenchDeployment, api: ApiWithMemory, id: string): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const steps: number[] = []
    const headers = { accept: 'text/event-stream', authorization: `Bearer ${deployment.key}` }
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
