import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { jobPaths } from '../../../src/jobs/record/job-paths.js'
import { downsample, type Point } from '../../../src/jobs/telemetry/downsample.js'
import { JobLog } from '../../../src/jobs/telemetry/job-log.js'
import { chartOf } from '../../../src/jobs/telemetry/metrics-chart.js'
import { csvOf, ndjsonOf } from '../../../src/jobs/telemetry/metrics-export.js'
import { MetricsLog, positionOf } from '../../../src/jobs/telemetry/metrics-log.js'
import type { SummarySegment } from '../../../src/jobs/telemetry/metrics-summary.js'
import type { MetricPoint, MetricRow } from '../../../src/spec/metrics.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import type { Store } from '../../../src/store/store.js'
import { attemptRecord, newJobId } from '../../../testing/running-job.js'

let folder: string
let store: Store
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-history-'))
  store = await openFolderStore(folder)
})
after(() => rm(folder, { recursive: true, force: true }))

const row = (step: number, values: MetricRow['values']): MetricRow => ({
  step,
  values,
  time: new Date(1.76e12 + step).toISOString(),
})

/** A pseudo-random number that identifies its step. */
const jitter = (step: number) => Math.sin(step * 12.9898) * 43758 - step / 1e6

/** Two attempts, the second resumed from step 4000; a validation row every 100 steps. */
async function longJob() {
  const id = newJobId()
  const log = new MetricsLog(store)
  const write = async (attempt: number, from: number, to: number) => {
    for (let step = from; step <= to; step++) {
      await log.append(id, attempt, row(step, { loss: jitter(step) + (attempt - 1), rate: 1 }))
      if (step % 100 === 0) await log.append(id, attempt, row(step, { validationLoss: step }))
    }
  }
  await write(1, 1, 5000)
  await write(2, 4001, 9000)
  return { id, log, attempts: [attemptRecord(1), attemptRecord(2, { resumedFrom: 4000 })] }
}

test('pages of a long log have the same rows as a full read', async () => {
  const { id, log, attempts } = await longJob()
  const all = await log.rows(id, attempts)
  assert.equal(all.length, 9000 + 90)
  for (const fromStep of [0, 1, 2, 2500, 3999, 4000, 4001, 4999, 5001, 8998, 9000, 9001]) {
    for (const toStep of [fromStep, fromStep + 150]) {
      const { points } = await log.page(id, attempts, { fromStep, toStep, limit: 1000 })
      const wanted = all.filter(({ step }) => step >= fromStep && step <= toStep)
      for (const name of ['loss', 'rate', 'validationLoss']) {
        const expected = wanted.flatMap(({ step, time, values }) =>
          name in values ? [{ step, value: values[name], time }] : [],
        )
        assert.deepEqual(points[name] ?? [], expected, `${name} ${fromStep}-${toStep}`)
      }
    }
  }
})

test('a null in an old log is left out and does not become 0', async () => {
  const id = newJobId()
  const { time } = row(1, {})
  const old = { step: 1, time, values: { loss: null, rate: 0, accuracy: 'NaN' } }
  await store.append(jobPaths(id).metrics(1), `${JSON.stringify(old)}\n`)
  const rows = await new MetricsLog(store).rows(id, [attemptRecord(1)])
  assert.deepEqual(rows, [{ step: 1, time, values: { rate: 0, accuracy: Number.NaN } }])
})

test('a tail can start after any position', async () => {
  const { id, log, attempts } = await longJob()
  const all = await log.rows(id, attempts)
  for (const index of [0, 1, 99, 100, 3999, 4038, 4039, 4040, 4041, 6000, all.length - 2]) {
    const tail = await log.seek(id, attempts, positionOf(all[index]!))
    const [next] = await log.rowsAfter(id, attempts, tail)
    assert.equal(positionOf(next!), positionOf(all[index + 1]!))
  }
  const end = await log.end(id, attempts)
  assert.equal(end.position, positionOf(all.at(-1)!))
  assert.deepEqual(await log.rowsAfter(id, attempts, end), [])
  // the newest attempt has no rows yet, so the last row in effect is by an older one
  const later = [...attempts, attemptRecord(3, { resumedFrom: 4500 })]
  assert.equal((await log.end(id, later)).position, 4500 * 2 + 1)
})

test('a chart has logged points only, among them the first, last, minimum and maximum of each name', async () => {
  const { id, log, attempts } = await longJob()
  const all = await log.rows(id, attempts)
  for (const maxPoints of [10, 25, 500]) {
    for (const range of [{}, { fromStep: 300, toStep: 8700 }, { fromStep: 4100, toStep: 4200 }]) {
      const { points } = await chartOf(store, id, attempts, { ...range, maxPoints })
      const { fromStep = 0, toStep = Number.POSITIVE_INFINITY } = range
      for (const name of ['loss', 'validationLoss']) {
        const exact = all.flatMap(({ step, time, values }) =>
          name in values && step >= fromStep && step <= toStep
            ? [{ step, value: values[name]!, time }]
            : [],
        )
        assertDownsampled(points[name]!, exact, maxPoints)
      }
    }
  }
})

function assertDownsampled(
  points: readonly MetricPoint[],
  exact: readonly MetricPoint[],
  maxPoints: number,
) {
  assert.ok(points.length <= maxPoints)
  if (exact.length <= maxPoints && exact.length < 100) assert.deepEqual(points, exact)
  const known = new Map(exact.map(point => [point.step, point]))
  for (const point of points) assert.deepEqual(point, known.get(point.step))
  const steps = points.map(({ step }) => step)
  assert.deepEqual(
    steps,
    [...new Set(steps)].sort((a, b) => a - b),
  )
  assert.deepEqual([steps[0], steps.at(-1)], [exact[0]!.step, exact.at(-1)!.step])
  const values = exact.map(({ value }) => Number(value))
  const [least, greatest] = [Math.min(...values), Math.max(...values)]
  assert.ok(points.some(({ value }) => value === least))
  assert.ok(points.some(({ value }) => value === greatest))
}

test('a chart is the same if the summary is missing, damaged at its end, or ahead of the log', async () => {
  const { id, attempts } = await longJob()
  const query = { maxPoints: 10, names: ['loss'] }
  const ends = ({ points }: { points: Record<string, MetricPoint[]> }) => {
    const values = points.loss!.map(({ value }) => Number(value))
    return [points.loss![0], points.loss!.at(-1), Math.min(...values), Math.max(...values)]
  }
  const before = ends(await chartOf(store, id, attempts, query))
  const summary = jobPaths(id).summary(2)
  const size = await store.size(jobPaths(id).metrics(2))
  const segmentWithoutRows: SummarySegment = {
    startOffset: size,
    endOffset: size + 1,
    firstStep: 8999,
    lastStep: 9000,
    points: { loss: [[8999, 1e9, 0]] },
  }
  await store.append(summary, `${JSON.stringify(segmentWithoutRows)}\n{"startOffset":`)
  assert.deepEqual(ends(await chartOf(store, id, attempts, query)), before)
  await store.remove(summary)
  assert.deepEqual(ends(await chartOf(store, id, attempts, query)), before)
})

test('charts of very long logs are drawn from the coarse summary, and are the same without it', async () => {
  const id = newJobId()
  const log = new MetricsLog(store)
  const others = Object.fromEntries(
    Array.from({ length: 16 }, (_, i) => [`a metric with a long name ${i}`, i / 3]),
  )
  for (let step = 1; step <= 4500; step++) {
    await log.append(id, 1, row(step, { loss: jitter(step), ...others }))
  }
  const attempts = [attemptRecord(1)]
  const extremes = async (range: { fromStep?: number; toStep?: number }) => {
    const query = { ...range, maxPoints: 10, names: ['loss'] }
    const { loss = [] } = (await chartOf(store, id, attempts, query)).points
    const values = loss.map(({ value }) => Number(value))
    return [loss[0], loss.at(-1), Math.min(...values), Math.max(...values)]
  }
  const ranges = [{}, { fromStep: 300 }, { fromStep: 1000, toStep: 4000 }, { toStep: 4499 }]
  const charts = () => Promise.all(ranges.map(extremes))
  const before = await charts()
  const losses = (await log.rows(id, attempts)).map(({ values }) => values.loss!)
  assert.deepEqual(before[0]!.slice(2), [Math.min(...losses), Math.max(...losses)])
  const { summary, coarseSummary } = jobPaths(id)
  await store.remove(summary(1))
  assert.deepEqual(await charts(), before)
  const [first] = (await store.readFrom(coarseSummary(1), 0, 2 ** 20)).toString().split('\n')
  await store.remove(coarseSummary(1))
  assert.deepEqual(await charts(), before)
  const { crc: _, ...segment } = JSON.parse(first!)
  segment.points.loss[1][1] = 1e9
  await store.append(coarseSummary(1), `${JSON.stringify(segment)}\n`)
  assert.equal((await extremes({}))[3], 1e9, 'it is read')
})

test('NaN and infinities survive the log, and charts show each of them', async () => {
  const id = newJobId()
  const log = new MetricsLog(store)
  const odd: Record<number, number> = {
    700: Number.NaN,
    1300: Number.POSITIVE_INFINITY,
    2100: Number.NEGATIVE_INFINITY,
  }
  for (let step = 1; step <= 3000; step++) {
    await log.append(id, 1, row(step, { loss: odd[step] ?? jitter(step) }))
  }
  const attempts = [attemptRecord(1)]
  const rows = await log.rows(id, attempts)
  for (const [step, value] of Object.entries(odd)) {
    assert.ok(Object.is(rows[Number(step) - 1]!.values.loss, value))
  }
  const page = await log.page(id, attempts, { fromStep: 700, limit: 1 })
  assert.equal(page.points.loss![0]!.value, 'NaN')
  for (const maxPoints of [10, 50, 500]) {
    const { points } = await chartOf(store, id, attempts, { maxPoints })
    assert.ok(points.loss!.length <= maxPoints)
    const texts = points.loss!.filter(({ value }) => typeof value === 'string')
    assert.deepEqual(
      texts.map(({ step, value }) => [step, value]),
      [
        [700, 'NaN'],
        [1300, 'Infinity'],
        [2100, '-Infinity'],
      ],
    )
  }
})

test('a series of only NaN is downsampled without a minimum and a maximum', () => {
  const points: Point[] = Array.from({ length: 100 }, (_, i) => [i, 'NaN', 0])
  const kept = downsample(points, 10)
  assert.ok(kept.length <= 10)
  assert.deepEqual([kept[0], kept.at(-1)], [points[0], points[99]])
})

async function textOf(parts: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const part of parts) text += part
  return text
}

test('an export has every row in effect', async () => {
  const { id, log, attempts } = await longJob()
  const all = await log.rows(id, attempts)
  const lines = (await textOf(ndjsonOf(log, id, attempts, {}))).trimEnd().split('\n')
  assert.deepEqual(
    lines.map(line => JSON.parse(line)),
    all,
  )
  const csv = (await textOf(csvOf({ log, store }, id, attempts, {}))).split('\r\n')
  assert.equal(csv.length, all.length + 2)
  assert.equal(csv[0], 'step,time,loss,rate,validationLoss')
  assert.deepEqual(csv[101]!.split(','), ['100', all[100]!.time, '', '', '100'])
  const some = { names: ['validationLoss', 'none'], fromStep: 150, toStep: 350 }
  const few = (await textOf(csvOf({ log, store }, id, attempts, some))).split('\r\n')
  assert.deepEqual(
    few.slice(0, -1).map(line => line.split(',').filter((_, i) => i !== 1)),
    [
      ['step', 'validationLoss'],
      ['200', '200'],
      ['300', '300'],
    ],
  )
})

test('a job without metrics has an empty page, chart and export', async () => {
  const log = new MetricsLog(store)
  const id = newJobId()
  for (const attempts of [[], [attemptRecord(1)]]) {
    const nothing = { points: {}, damagedLines: 0 }
    const page = await log.page(id, attempts, { limit: 10 })
    assert.deepEqual(page, { ...nothing, nextCursor: null })
    assert.deepEqual(await chartOf(store, id, attempts, { maxPoints: 10 }), nothing)
    assert.equal(await textOf(csvOf({ log, store }, id, attempts, {})), 'step,time\r\n')
  }
})

test('log lines are paged across attempts, by attempt, and from the end', async () => {
  const id = newJobId()
  const log = new JobLog(store)
  const attempts = [{ attempt: 1 }, { attempt: 2 }, { attempt: 4 }]
  const written: string[] = []
  for (const { attempt } of attempts) {
    for (let i = 0; i < 700; i++) {
      const line = `${attempt}.${i} ${'ü'.repeat(i % 90)}`
      written.push(line)
      await log.append(id, attempt, line)
    }
  }
  await store.append(jobPaths(id).log(4), '{"time":"torn')
  const read: string[] = []
  for (let cursor: string | null = '0-0'; cursor; ) {
    const page = await log.page(id, attempts, { limit: 300, cursor })
    read.push(...page.items.map(({ line }) => line))
    cursor = page.nextCursor
  }
  assert.deepEqual(read, written)
  for (const tail of [1, 5, 699, 700, 701, 1500, 5000]) {
    const { items, nextCursor } = await log.page(id, attempts, { limit: tail, tail })
    assert.deepEqual(
      items.map(({ line }) => line),
      written.slice(-tail),
    )
    assert.equal(nextCursor, null)
  }
  const one = await log.page(id, attempts, { limit: 1000, attempt: 2, tail: 3 })
  assert.deepEqual(
    one.items.map(({ line, attempt: of }) => [of, line]),
    written.slice(1397, 1400).map(line => [2, line]),
  )
  for (const cursor of ['1-3', '9-1', 'x', '1', '-1-0']) {
    await assert.rejects(log.page(id, attempts, { limit: 1, cursor }), { code: 'INVALID_CURSOR' })
  }
})
