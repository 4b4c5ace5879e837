import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { LiveStatePublisher } from '../../src/jobs/queue/live-state.js'
import { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import type { Page } from '../../testing/browser.js'
import {
  type ApiWithMemory,
  type BenchDeployment,
  withBenchDeployment,
} from '../bench-deployment.js'
import { bufferAppends } from '../metrics/buffer-appends.js'
import { createRunningJob } from '../metrics/running-job.js'
import { root } from '../paths.js'
import { memoryOf, timeToPlace, timeUntil, withPage } from './open-page.js'
import { withRuns } from './runs.js'

export interface Sizes {
  runs: number
  points: number
  curves: number
  jobs: number
  /** Of how many events an open page is told. */
  events: number
  repetitions: number
  /** Where what was recorded is kept for the next bench; null if nowhere. */
  keep: string | null
}

export interface Measurement {
  case: string
  /** Of each repetition, in the unit of the case. */
  values: number[]
}

const hasRows = `document.querySelector('table[aria-label="Jobs"] tbody a')`
const hasCurves = (count: number) =>
  `document.querySelectorAll('.chart-plot canvas').length > 0 && ` +
  `document.querySelectorAll('.chart tbody tr').length >= ${count}`

/** Measures the page of a server that has many runs, one that trains, and one that has many jobs. */
export async function measureTrainyard(sizes: Sizes): Promise<Measurement[]> {
  const { runs, points, jobs, keep } = sizes
  return [
    { case: 'page, KB gzipped', values: [await pageKilobytes()] },
    ...(await withRuns(keep, runs, points, (each, ids) => runCases(each, ids, sizes))),
    ...(await withBenchDeployment(async deployment => {
      const running = await createRunningJob(deployment.store)
      return withApi(deployment, api =>
        withPage(api.url, deployment.key, page =>
          liveCases(deployment, page, api.url, running, sizes),
        ),
      )
    })),
    ...(await withRuns(keep, jobs, 1, each => jobCases(each, sizes))),
  ]
}

async function withApi<T>(
  deployment: BenchDeployment,
  work: (api: ApiWithMemory) => Promise<T>,
): Promise<T> {
  const api = await deployment.startApi()
  try {
    return await work(api)
  } finally {
    await api.stop()
  }
}

/** The table of runs, and a few of them compared. */
async function runCases(
  deployment: BenchDeployment,
  ids: readonly string[],
  sizes: Sizes,
): Promise<Measurement[]> {
  const { runs, curves, repetitions } = sizes
  const idsOf = (repetition: number) =>
    Array.from({ length: curves }, (_, i) => ids[(repetition * curves + i) % ids.length]!)
  const unread = Array.from(
    { length: repetitions + 1 },
    (_, i) => `/jobs/metrics?maxPoints=500&jobs=${idsOf(i).join(',')}`,
  )
  const answers = await withApi(deployment, api =>
    answerCases(deployment, api, `${curves} curves that nobody has read`, unread),
  )
  // other runs each time: what the server has not read yet
  const compare = (repetition: number) =>
    `#/compare?jobs=${encodeURIComponent(idsOf(repetitions + 1 + repetition).join(','))}`
  const isTable = `document.querySelectorAll('.compare-content tbody tr').length > 0`
  const pages = await withApi(deployment, api =>
    withPage(api.url, deployment.key, async page => [
      await tableCase(page, api.url, `table of ${runs} runs, ms`, sizes),
      await placeCase(page, `${curves} curves, ms`, compare, hasCurves(curves), sizes),
      await placeCase(
        page,
        'table that compares runs, ms',
        repetition => `${compare(repetition)}&part=table`,
        isTable,
        sizes,
      ),
    ]),
  )
  return [...pages, ...answers]
}

/** The first view with many jobs, and what a list of them costs. */
async function jobCases(deployment: BenchDeployment, sizes: Sizes): Promise<Measurement[]> {
  const { jobs, repetitions } = sizes
  const list =
    '/jobs?limit=200&sort=-best.loss&where=metrics.loss>0&fields=id,name,status,best.loss'
  const repeated = Array.from({ length: repetitions + 1 }, () => list)
  const answers = await withApi(deployment, api =>
    answerCases(deployment, api, `sorted list of ${jobs} jobs`, repeated),
  )
  const view = await withApi(deployment, api =>
    withPage(api.url, deployment.key, page =>
      tableCase(page, api.url, `first view with ${jobs} jobs, ms`, sizes),
    ),
  )
  return [view, ...answers]
}

/** The time of answers of the API, and its processor time for them. */
async function answerCases(
  { key }: BenchDeployment,
  api: ApiWithMemory,
  name: string,
  paths: readonly string[],
): Promise<Measurement[]> {
  const headers = { authorization: `Bearer ${key}` }
  const times: number[] = []
  const processor: number[] = []
  for (const path of paths) {
    const before = api.cpuSeconds()
    const since = performance.now()
    const answer = await fetch(api.url + path, { headers })
    const text = await answer.text()
    if (!answer.ok) throw new Error(text)
    times.push(performance.now() - since)
    processor.push((api.cpuSeconds() - before) * 1000)
  }
  return [
    { case: `${name}: answer, ms`, values: times },
    { case: `${name}: processor time of the API, ms`, values: processor },
  ]
}

/** All files of the page, though a user loads those of the views that are opened. */
async function pageKilobytes(): Promise<number> {
  const folder = join(root, 'dist', 'dashboard')
  const names = (await readdir(folder)).filter(name => /\.(js|css)$/.test(name))
  const sizes = await Promise.all(
    names.map(async name => gzipSync(await readFile(join(folder, name)), { level: 9 }).length),
  )
  return sizes.reduce((sum, size) => sum + size, 0) / 1000
}

/** From the start of the navigation to a row that can be clicked. The first load, with an empty cache, is the first. */
async function tableCase(
  page: Page,
  url: string,
  name: string,
  { repetitions }: Sizes,
): Promise<Measurement> {
  const values: number[] = []
  for (let i = 0; i <= repetitions; i++) {
    await page.goto('about:blank')
    await page.goto(`${url}/#/jobs`, { waitUntil: 'commit' })
    values.push(await timeUntil(page, hasRows))
  }
  return { case: name, values }
}

/** From a click in the job table to the view, with the code of the view loaded the first time. */
async function placeCase(
  page: Page,
  name: string,
  hashOf: (repetition: number) => string,
  condition: string,
  { repetitions }: Sizes,
): Promise<Measurement> {
  const values: number[] = []
  for (let i = 0; i <= repetitions; i++) {
    await timeToPlace(page, '#/jobs', hasRows)
    values.push(await timeToPlace(page, hashOf(i), condition))
  }
  return { case: name, values }
}

/** A new point on the screen, and the memory of a page that was told of many. */
async function liveCases(
  { store, redis, prefix }: BenchDeployment,
  page: Page,
  url: string,
  id: string,
  { events, repetitions }: Sizes,
): Promise<Measurement[]> {
  const { bufferedStore, flush } = bufferAppends(store)
  const log = new MetricsLog(bufferedStore)
  const live = new LiveStatePublisher(redis, prefix)
  let step = 0
  const write = async (loss: number) => {
    step += 1
    await log.append(id, 1, { step, time: new Date().toISOString(), values: { loss } })
    await flush()
    await live.publish(id, null, 'metrics')
  }
  const shows = (text: string) =>
    `[...document.querySelectorAll('.chart output')].some(each => each.textContent === '${text}')`
  await write(0.5)
  await page.goto(`${url}/#/jobs/${id}?tab=metrics`)
  await timeUntil(page, shows('0.5'))

  const delays: number[] = []
  for (let i = 0; i <= repetitions; i++) {
    await sleep(1000)
    const loss = Number((0.1 + Math.random() / 2).toFixed(5))
    const written = Date.now()
    await write(loss)
    const clock = { since: String(written), now: 'Date.now()' }
    delays.push(await timeUntil(page, shows(String(loss)), clock))
  }

  // the page settles first: its code is compiled and its charts are drawn
  for (let i = 0; i < 500; i++) await write(1 / (i + 2))
  await sleep(2000)
  const before = await memoryOf(page)
  for (let i = 0; i < events; i++) await write(1 / (i + 2))
  await write(0.25)
  await timeUntil(page, shows('0.25'))
  const after = await memoryOf(page)
  const mebibytes = (bytes: number) => bytes / 2 ** 20
  return [
    { case: 'new point on the screen, ms', values: delays },
    { case: 'memory of an open page, MiB', values: [mebibytes(before.heapBytes)] },
    { case: `memory after ${events} events, MiB`, values: [mebibytes(after.heapBytes)] },
    { case: `elements after ${events} events`, values: [after.nodes] },
  ]
}
