import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { AttemptRecord } from '../../../src/jobs/record/attempt-record.js'
import { jobPaths } from '../../../src/jobs/record/job-paths.js'
import { writeKeptChart } from '../../../src/jobs/telemetry/kept-chart.js'
import { chartOf, keepChart } from '../../../src/jobs/telemetry/metrics-chart.js'
import { MetricsLog } from '../../../src/jobs/telemetry/metrics-log.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import type { Store } from '../../../src/store/store.js'
import { attemptRecord, newJobId } from '../../../testing/running-job.js'

let folder: string
let store: Store
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-charts-'))
  store = await openFolderStore(folder)
})
after(() => rm(folder, { recursive: true, force: true }))

/** Writes the steps after `from` up to `to`. Every value tells its step and its attempt. */
async function write(id: string, attempt: number, from: number, to: number): Promise<void> {
  const log = new MetricsLog(store)
  for (let step = from + 1; step <= to; step++) {
    const loss = step === 1700 ? Number.NaN : Math.sin(step * 12.9898) + attempt
    const time = new Date(1.76e12 + step).toISOString()
    await log.append(id, attempt, { step, time, values: { loss, rate: 1 / step } })
  }
}

/** Two attempts of 3000 steps, of which the second one has resumed. */
async function endedJob(): Promise<{ id: string; attempts: AttemptRecord[] }> {
  const id = newJobId()
  await write(id, 1, 0, 2000)
  await write(id, 2, 1500, 3000)
  return { id, attempts: [attemptRecord(1), attemptRecord(2, { resumedFrom: 1500 })] }
}

const chart = (
  id: string,
  attempts: readonly AttemptRecord[],
  maxPoints = 1000,
  names?: string[],
) => chartOf(store, id, attempts, { maxPoints, ...(names && { names }) })

/** Replaces a text in the kept chart, with no checksum, so that a test sees whether it is read. */
async function mark(id: string): Promise<void> {
  const text = (await store.readFrom(jobPaths(id).chart, 0)).toString()
  const marked = text
    .replaceAll(/,"crc":"[0-9a-f]{8}"/g, '')
    .replace('"points":[[1,', '"points":[[0,')
  assert.notEqual(marked, text)
  await store.replaceText(jobPaths(id).chart, marked)
}

const isMarked = ({ points }: Awaited<ReturnType<typeof chartOf>>) => points.loss?.[0]?.step === 0

test('a kept chart is that of the logs', async () => {
  const { id, attempts } = await endedJob()
  const fromLogs = await chart(id, attempts)
  assert.equal(await keepChart(store, id, attempts), true)
  assert.deepEqual(await chart(id, attempts), fromLogs)
  assert.deepEqual(await chart(id, attempts, 1000, ['rate', 'none']), {
    points: { rate: fromLogs.points.rate! },
    damagedLines: 0,
  })
  const { loss } = (await chart(id, attempts, 10)).points
  const values = fromLogs.points.loss!.map(({ value }) => Number(value)).filter(Number.isFinite)
  assert.deepEqual(
    [loss![0], loss!.at(-1)],
    [fromLogs.points.loss![0], fromLogs.points.loss!.at(-1)],
  )
  for (const extreme of [Math.min(...values), Math.max(...values), 'NaN']) {
    assert.ok(
      loss!.some(({ value }) => value === extreme),
      String(extreme),
    )
  }
  await mark(id)
  assert.ok(isMarked(await chart(id, attempts)), 'it is read')
  assert.ok(isMarked(await chart(id, attempts, 10, ['loss'])))
})

test('a part of the steps, and more points than it has, are read from the logs', async () => {
  const { id, attempts } = await endedJob()
  await keepChart(store, id, attempts)
  await mark(id)
  assert.ok(!isMarked(await chart(id, attempts, 1001)))
  const query = { maxPoints: 10, fromStep: 1 }
  assert.ok(!isMarked(await chartOf(store, id, attempts, query)))
})

test('a kept chart of fewer rows, or of another attempt in effect, is not read', async () => {
  const { id, attempts } = await endedJob()
  await keepChart(store, id, attempts)
  await mark(id)
  const retried = [...attempts, attemptRecord(3, { resumedFrom: 100 })]
  const { loss } = (await chart(id, retried)).points
  assert.equal(loss!.at(-1)!.step, 100)
  await write(id, 2, 3000, 3001)
  const longer = await chart(id, attempts)
  assert.ok(!isMarked(longer))
  assert.equal(longer.points.loss!.at(-1)!.step, 3001)
})

test('a torn or altered kept chart is not read, and made again for a job that has ended', async () => {
  const { id, attempts } = await endedJob()
  const fromLogs = await chart(id, attempts)
  const key = jobPaths(id).chart
  await keepChart(store, id, attempts)
  const whole = (await store.readFrom(key, 0)).toString()
  const altered = whole.replace('"points":[[1,', '"points":[[0,')
  const zeros = whole.slice(0, 5000).padEnd(whole.length, '\0')
  const torn = [0, 1, 20, 100, 1000, whole.indexOf('\n') + 1, whole.length / 2, whole.length - 1]
  for (const text of [altered, zeros, ...torn.map(length => whole.slice(0, length))]) {
    await store.replaceText(key, text)
    assert.deepEqual(await chart(id, attempts), fromLogs, `of ${text.length} characters`)
    assert.equal((await store.readFrom(key, 0)).toString(), text, 'a reader writes nothing')
    assert.deepEqual(
      await chartOf(store, id, attempts, { maxPoints: 1000 }, { keep: true }),
      fromLogs,
    )
    assert.equal((await store.readFrom(key, 0)).toString(), whole)
  }
})

test('no chart of a short log is kept', async () => {
  const id = newJobId()
  await write(id, 1, 0, 100)
  assert.equal(await keepChart(store, id, [attemptRecord(1)]), false)
  assert.deepEqual(await store.list(jobPaths(id).root), ['attempts'])
})

test('damaged lines are counted in a kept chart, too', async () => {
  const id = newJobId()
  await write(id, 1, 0, 1000)
  await store.append(jobPaths(id).metrics(1), '{"step":1000.5}\n')
  await write(id, 1, 1000, 1001)
  const attempts = [attemptRecord(1)]
  await keepChart(store, id, attempts)
  await mark(id)
  const kept = await chart(id, attempts)
  assert.ok(isMarked(kept))
  assert.equal(kept.damagedLines, 1)
})

test('nothing is left of a job that is deleted while its chart is kept', async () => {
  const { id, attempts } = await endedJob()
  const kept = await writeKeptChart(store, id, attempts, async () => {
    await store.remove(jobPaths(id).root)
    return { series: new Map([['loss', []]]), damagedLines: 0 }
  })
  assert.equal(kept, false)
  assert.deepEqual(await store.list(jobPaths(id).root), [])
})
