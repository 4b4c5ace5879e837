// How long pages and charts of a million points take: node dist/bench/metrics/reads.js
import { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import type { Store } from '../../src/store/store.js'
import { summary } from '../statistics.js'
import { type Api, openYard, runningJob, type Yard } from './metrics-server.js'

const shapes = [
  { rows: 250_000, names: ['loss', 'accuracy', 'learningRate', 'examplesPerSecond'] },
  { rows: 1_000_000, names: ['loss'] },
]
const rounds = 20

/** The store, with appends gathered: a million of them one by one would take minutes. */
function gathering(store: Store) {
  const texts = new Map<string, string[]>()
  const append = async (key: string, text: string | Uint8Array) => {
    const gathered = texts.get(key) ?? []
    gathered.push(String(text))
    texts.set(key, gathered)
  }
  const flush = async () => {
    for (const [key, parts] of texts) await store.append(key, parts.join(''))
    texts.clear()
  }
  const size = (key: string) => store.size(key)
  return { store: { append, size } as Store, flush }
}

async function fill(yard: Yard, rows: number, names: readonly string[]): Promise<string> {
  const id = await runningJob(yard)
  const { store, flush } = gathering(yard.store)
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

async function ask(yard: Yard, api: Api, path: string): Promise<number> {
  const since = performance.now()
  const answer = await fetch(api.url + path, { headers: { authorization: `Bearer ${yard.key}` } })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return performance.now() - since
}

const yard = await openYard()
try {
  for (const { rows, names } of shapes) {
    const id = await fill(yard, rows, names)
    const size = await yard.store.size(`jobs/${id}/attempts/1/metrics.ndjson`)
    const outline = await yard.store.size(`jobs/${id}/attempts/1/metrics.outline.ndjson`)
    console.log(`${rows} rows x ${names.length}: log ${size} bytes, outline ${outline} bytes`)
    const queries = {
      'first page': 'limit=1000',
      'page in the middle': `limit=1000&fromStep=${rows / 2}`,
      'last page': `limit=1000&fromStep=${rows - 999}`,
      'chart of all': 'maxPoints=500',
      'chart of a tenth': `maxPoints=500&fromStep=${rows / 2}&toStep=${rows * 0.6}`,
      'chart of 5000 steps': `maxPoints=500&fromStep=${rows / 2}&toStep=${rows / 2 + 5000}`,
    }
    for (const [name, query] of Object.entries(queries)) {
      const api = await yard.startApi()
      const path = `/jobs/${id}/metrics?${query}`
      // a connection and a compiled route first: what is cold is what is asked for
      await ask(yard, api, '/jobs')
      const before = api.cpuSeconds()
      const cold = await ask(yard, api, path)
      const between = api.cpuSeconds()
      const warm: number[] = []
      for (let i = 0; i < rounds; i++) warm.push(await ask(yard, api, path))
      const { peak } = await api.memory()
      const cpu = ((api.cpuSeconds() - between) / rounds) * 1000
      const first = `${cold.toFixed(1)} ms first (${Math.round((between - before) * 1000)} ms CPU)`
      const { medianMs, minMs } = summary(warm)
      const then = `${medianMs.toFixed(1)} ms then (least ${minMs.toFixed(1)}, ${cpu.toFixed(1)} ms CPU)`
      const figures = `${first}, ${then}`
      console.log(`  ${name}: ${figures}; API at most ${peak} MiB`)
      await api.stop()
    }
  }
} finally {
  await yard.close()
}
