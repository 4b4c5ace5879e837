import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { LiveStatePublisher } from '../../src/jobs/queue/live-state.js'
import { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import type { Page } from '../../testing/browser.js'
import type { BenchDeployment } from '../bench-deployment.js'
import { bufferAppends } from '../metrics/buffer-appends.js'
import { createRunningJob } from '../metrics/running-job.js'
import { root } from '../paths.js'
import { memoryOf, timeToPlace, timeUntil, withPage } from './open-page.js'
import { createRuns } from './runs.js'

export interface Sizes {
  runs: number
  points: number
  curves: number
  jobs: number
  /** Of how many events an open page is told. */
  events: number
  repetitions: number
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

/** Measures the page of a server that has many runs. */
export async function measureTrainyard(
  deployment: BenchDeployment,
  sizes: Sizes,
): Promise<Measurement[]> {
  const { runs, points, curves, jobs } = sizes
  const measured: Measurement[] = [{ case: 'page, KB gzipped', values: [await pageKilobytes()] }]
  console.error(`bench: recording ${runs} runs of ${points} points`)
  const ids = await createRuns(deployment, runs, points)
  const running = await createRunningJob(deployment.store)
  const api = await deployment.startApi()
  try {
    await withPage(api.url, deployment.key, async page => {
      measured.push(await tableCase(page, api.url, `table of ${runs} runs, ms`, sizes))
      const chosen = encodeURIComponent(ids.slice(0, curves).join(','))
      const compare = `#/compare?jobs=${chosen}`
      measured.push(
        await placeCase(page, `${curves} curves, ms`, compare, hasCurves(curves), sizes),
      )
      const isTable = `document.querySelectorAll('.compare-content tbody tr').length > 0`
      const settings = `${compare}&part=table`
      measured.push(await placeCase(page, 'table that compares runs, ms', settings, isTable, sizes))
    })
    await withPage(api.url, deployment.key, async page => {
      measured.push(...(await liveCases(deployment, page, api.url, running, sizes)))
    })
  } finally {
    await api.stop()
  }
  if (jobs <= runs) return measured
  console.error(`bench: recording ${jobs - runs} more jobs`)
  await createRuns(deployment, jobs - runs, 1)
  const restarted = await deployment.startApi()
  try {
    await withPage(restarted.url, deployment.key, async page => {
      const name = `first view with ${jobs} jobs, ms`
      measured.push(await tableCase(page, restarted.url, name, sizes))
    })
  } finally {
    await restarted.stop()
  }
  return measured
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
  hash: string,
  condition: string,
  { repetitions }: Sizes,
): Promise<Measurement> {
  const values: number[] = []
  for (let i = 0; i <= repetitions; i++) {
    await timeToPlace(page, '#/jobs', hasRows)
    values.push(await timeToPlace(page, hash, condition))
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
