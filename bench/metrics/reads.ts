import { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import type { Store } from '../../src/store/store.js'
import { mulberry32 } from '../../testing/random.js'
import type { ApiWithMemory, BenchDeployment } from '../bench-deployment.js'
import { summarize } from '../statistics.js'
import { bufferAppends } from './buffer-appends.js'
import { createRunningJob } from './running-job.js'

const metrics = ['loss', 'accuracy', 'learningRate', 'examplesPerSecond']
const rounds = 20
const responseTimeoutMs = 60_000

/** Reads pages and charts of two logs with `points` points each: of four metrics, and of one. Prints the times. */
export async function measureReads(deployment: BenchDeployment, points: number): Promise<void> {
  for (const names of [metrics, metrics.slice(0, 1)]) {
    const rows = Math.floor(points / names.length)
    const id = await writeLog(deployment.store, rows, names)
    const folder = `jobs/${id}/attempts/1`
    const size = await deployment.store.size(`${folder}/metrics.ndjson`)
    const summarySize = await deployment.store.size(`${folder}/metrics.summary.ndjson`)
    console.log(`${rows} rows x ${names.length}: log ${size} bytes, summary ${summarySize} bytes`)
    const queries = {
      'first page': 'limit=1000',
      'page in the middle': `limit=1000&fromStep=${Math.floor(rows / 2)}`,
      'last page': `limit=1000&fromStep=${rows - 999}`,
      'chart of all': 'maxPoints=500',
      'chart of a tenth': `maxPoints=500&fromStep=${Math.floor(rows / 2)}&toStep=${Math.floor(rows * 0.6)}`,
      'chart of 5000 steps': `maxPoints=500&fromStep=${Math.floor(rows / 2)}&toStep=${Math.floor(rows / 2) + 5000}`,
    }
    for (const [name, query] of Object.entries(queries)) {
      console.log(`  ${name}: ${await measureQuery(deployment, `/jobs/${id}/metrics?${query}`)}`)
    }
  }
}

/** Times a query on a new API process: first with cold caches, then warm. */
async function measureQuery(deployment: BenchDeployment, path: string): Promise<string> {
  const api = await deployment.startApi()
  // opens the connection and compiles the code, so that only the data are cold
  await timedGet(deployment, api, '/jobs')
  const before = api.cpuSeconds()
  const cold = await timedGet(deployment, api, path)
  const between = api.cpuSeconds()
  const warm: number[] = []
  for (let i = 0; i < rounds; i++) warm.push(await timedGet(deployment, api, path))
  const { peak } = await api.memory()
  const coldCpuMs = Math.round((between - before) * 1000)
  const warmCpuMs = ((api.cpuSeconds() - between) / rounds) * 1000
  await api.stop()
  const { medianMs, minMs } = summarize(warm)
  return (
    `cold ${cold.toFixed(1)} ms (${coldCpuMs} ms CPU), ` +
    `warm ${medianMs.toFixed(1)} ms (min ${minMs.toFixed(1)}, ${warmCpuMs.toFixed(1)} ms CPU); ` +
    `API at its peak ${peak} MiB`
  )
}

async function timedGet(
  deployment: BenchDeployment,
  api: ApiWithMemory,
  path: string,
): Promise<number> {
  const since = performance.now()
  const answer = await fetch(api.url + path, {
    headers: { authorization: `Bearer ${deployment.key}` },
    signal: AbortSignal.timeout(responseTimeoutMs),
  }).catch(cause => {
    throw new Error(`no response to GET ${path}`, { cause })
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return performance.now() - since
}

async function writeLog(store: Store, rows: number, names: readonly string[]): Promise<string> {
  const id = await createRunningJob(store)
  const { bufferedStore, flush } = bufferAppends(store)
  const log = new MetricsLog(bufferedStore)
  const uniform = mulberry32(1)
  const since = Date.now() - rows * 100
  for (let step = 1; step <= rows; step++) {
    const value = Math.exp(-step / rows) + uniform() / 10
    const values = Object.fromEntries(names.map((name, i) => [name, value * (i + 1)]))
    await log.append(id, 1, { step, time: new Date(since + step * 100).toISOString(), values })
    if (step % 1000 === 0) await flush()
  }
  await flush()
  return id
}
