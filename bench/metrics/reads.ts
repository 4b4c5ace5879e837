// How long pages and charts of a million points take: node dist/bench/metrics/reads.js
import { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import type { Store } from '../../src/store/store.js'
import { summarize } from '../statistics.js'
import {
  type ApiWithMemory,
  type BenchDeployment,
  createRunningJob,
  openBenchDeployment,
} from './metrics-server.js'

const shapes = [
  { rows: 250_000, names: ['loss', 'accuracy', 'learningRate', 'examplesPerSecond'] },
  { rows: 1_000_000, names: ['loss'] },
]
const rounds = 20

/** The store, with appends gathered: a million of them one by one would take minutes. */
function bufferAppends(store: Store) {
  const texts = new Map<string, string[]>()
  const append = async (key: string, text: string | Uint8Array) => {
    const buffered = texts.get(key) ?? []
    buffered.push(String(text))
    texts.set(key, buffered)
  }
  const flush = async () => {
    for (const [key, parts] of texts) await store.append(key, parts.join(''))
    texts.clear()
  }
  const size = (key: string) => store.size(key)
  return { store: { append, size } as Store, flush }
}

async function fill(
  deployment: BenchDeployment,
  rows: number,
  names: readonly string[],
): Promise<string> {
  const id = await createRunningJob(deployment)
  const { store, flush } = bufferAppends(deployment.store)
  const log = new MetricsLog(store)
  const since = Date.now() - rows * 100
  for (let step = 1; step <= rows; step++) {
    const value = Math.exp(-step / rows) + Math.random() / 10
    const values = Object.fromEntries(names.map((name, i) => [name, value * (i + 1)]))
    await log.append(id, 1, { step, time: new Date(since + step * 100).toISOString(), values })
    if (step % 1000 === 0) await flush()
  }
  await flush()
  return id
}

async function timedGet(
  deployment: BenchDeployment,
  api: ApiWithMemory,
  path: string,
): Promise<number> {
  const since = performance.now()
  const answer = await fetch(api.url + path, {
    headers: { authorization: `Bearer ${deployment.key}` },
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return performance.now() - since
}

const deployment = await openBenchDeployment()
try {
  for (const { rows, names } of shapes) {
    const id = await fill(deployment, rows, names)
    const size = await deployment.store.size(`jobs/${id}/attempts/1/metrics.ndjson`)
    const summarySize = await deployment.store.size(`jobs/${id}/attempts/1/metrics.summary.ndjson`)
    console.log(`${rows} rows x ${names.length}: log ${size} bytes, outline ${summarySize} bytes`)
    const queries = {
      'first page': 'limit=1000',
      'page in the middle': `limit=1000&fromStep=${rows / 2}`,
      'last page': `limit=1000&fromStep=${rows - 999}`,
      'chart of all': 'maxPoints=500',
      'chart of a tenth': `maxPoints=500&fromStep=${rows / 2}&toStep=${rows * 0.6}`,
      'chart of 5000 steps': `maxPoints=500&fromStep=${rows / 2}&toStep=${rows / 2 + 5000}`,
    }
    for (const [name, query] of Object.entries(queries)) {
      const api = await deployment.startApi()
      const path = `/jobs/${id}/metrics?${query}`
      // a connection and a compiled route first: what is cold is what is asked for
      await timedGet(deployment, api, '/jobs')
      const before = api.cpuSeconds()
      const cold = await timedGet(deployment, api, path)
      const between = api.cpuSeconds()
      const warm: number[] = []
      for (let i = 0; i < rounds; i++) warm.push(await timedGet(deployment, api, path))
      const { peak } = await api.memory()
      const cpu = ((api.cpuSeconds() - between) / rounds) * 1000
      const first = `${cold.toFixed(1)} ms first (${Math.round((between - before) * 1000)} ms CPU)`
      const { medianMs, minMs } = summarize(warm)
      const then = `${medianMs.toFixed(1)} ms then (least ${minMs.toFixed(1)}, ${cpu.toFixed(1)} ms CPU)`
      const figures = `${first}, ${then}`
      console.log(`  ${name}: ${figures}; API at most ${peak} MiB`)
      await api.stop()
    }
  }
} finally {
  await deployment.close()
}
