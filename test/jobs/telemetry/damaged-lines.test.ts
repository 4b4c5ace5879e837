import assert from 'node:assert/strict'
import { open, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { jobPaths } from '../../../src/jobs/record/job-paths.js'
import { JobLog } from '../../../src/jobs/telemetry/job-log.js'
import { chartOf } from '../../../src/jobs/telemetry/metrics-chart.js'
import { csvOf, ndjsonOf } from '../../../src/jobs/telemetry/metrics-export.js'
import { MetricsLog } from '../../../src/jobs/telemetry/metrics-log.js'
import { parseLines } from '../../../src/jobs/telemetry/ndjson.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import { mulberry32 } from '../../../testing/random.js'
import { attemptRecord, newJobId } from '../../../testing/running-job.js'
import { tempFolder } from '../../../testing/temp-folder.js'

const attempts = [attemptRecord(1)]
const lossOf = (step: number) => 1 / (1 + step)

/** A log with one row for each step from 1 on. */
async function openLog(t: TestContext, steps: number) {
  const root = await tempFolder(t)
  const store = await openFolderStore(root)
  const id = newJobId()
  const warned: string[] = []
  const log = new MetricsLog(store, key => warned.push(key))
  const time = new Date(1.7e12).toISOString()
  for (let step = 1; step <= steps; step++) {
    await log.append(id, 1, { step, time, values: { loss: lossOf(step) } })
  }
  const path = join(root, jobPaths(id).metrics(1))
  const page = () => log.page(id, attempts, { limit: 10_000 })
  return { store, id, log, path, page, warned }
}

const stepsOf = ({ points }: Awaited<ReturnType<MetricsLog['page']>>) =>
  (points.loss ?? []).map(({ step }) => step)

const without = (steps: number, ...missing: number[]) =>
  Array.from({ length: steps }, (_, i) => i + 1).filter(step => !missing.includes(step))

test('each way to damage a line costs that line and no other, and is counted', async t => {
  const { page, path, warned } = await openLog(t, 40)
  const original = await readFile(path)
  const start = original.indexOf('{"step":20,')
  const end = original.indexOf('\n', start)
  const length = end - start
  const ways: Record<string, Buffer> = {
    zeros: Buffer.alloc(length),
    garbage: Buffer.alloc(length, 0xa7),
    'no object': Buffer.from('null'.padEnd(length)),
    'several values': Buffer.from('{},{},5'.padEnd(length)),
    'another step': Buffer.from(original.subarray(start, end).toString().replace(':20,', ':29,')),
    'another value': Buffer.from(
      original
        .subarray(start, end)
        .toString()
        .replace(/"loss":\d\.\d/, '"loss":9.9'),
    ),
    'a row of another shape': Buffer.from('{"step":20,"time":"x","values":[]}'.padEnd(length)),
  }
  for (const [way, line] of Object.entries(ways)) {
    await writeFile(
      path,
      Buffer.concat([original.subarray(0, start), line, original.subarray(end)]),
    )
    const found = await page()
    assert.deepEqual(stepsOf(found), without(40, 20), way)
    assert.equal(found.damagedLines, 1, way)
  }
  assert.equal(warned.length, Object.keys(ways).length)

  await writeFile(path, original)
  assert.equal((await page()).damagedLines, 0)
  await truncate(path, original.length - 10)
  const cut = await page()
  // the rest of a line that a crash has interrupted is not damage
  assert.deepEqual([stepsOf(cut), cut.damagedLines], [without(40, 40), 0])
})

test('no altered byte changes a value, or hides another row than its own', async t => {
  const { page, path } = await openLog(t, 60)
  const original = await readFile(path)
  const random = mulberry32(11)
  for (let n = 0; n < 300; n++) {
    const flipped = Buffer.from(original)
    const at = Math.floor(random() * (flipped.length - 1))
    flipped[at]! ^= 1 << Math.floor(random() * 8)
    await writeFile(path, flipped)
    const { points, damagedLines } = await page()
    const rows = points.loss ?? []
    // a newline that is altered joins two lines
    assert.ok(
      rows.length >= 58 && rows.length + 2 * damagedLines >= 60,
      `byte ${at}: ${rows.length}`,
    )
    for (const { step, value } of rows) assert.equal(value, lossOf(step), `byte ${at}`)
  }
})

test('damage does not mislead the search for a step in a long log', async t => {
  const { log, id, path, store } = await openLog(t, 4000)
  const handle = await open(path, 'r+')
  t.after(() => handle.close())
  const { size } = await handle.stat()
  // from a quarter to three quarters, where every probe of the search falls first
  await handle.write(Buffer.alloc(size >> 1), 0, size >> 1, size >> 2)
  const seeked = async (fromStep: number) => {
    const { points } = await log.page(id, attempts, { fromStep, limit: 1 })
    return points.loss?.[0]?.step
  }
  assert.equal(await seeked(5), 5)
  assert.equal(await seeked(3900), 3900)
  assert.ok((await seeked(2000))! > 2900)
  const chart = await chartOf(store, id, attempts, { maxPoints: 10 })
  assert.ok(chart.points.loss!.length > 5)
})

test('a chart leaves out the line that is written while it asks for the size of the log', async t => {
  const { id, path, store } = await openLog(t, 40)
  const whole = await readFile(path)
  // a file grows by pages, so its size may lie within a line for a moment
  await truncate(path, whole.length - 20)
  const { size } = store
  store.size = async key => {
    const found = await size.call(store, key)
    await writeFile(path, whole)
    return found
  }
  const { points, damagedLines } = await chartOf(store, id, attempts, { maxPoints: 100 })
  assert.deepEqual([points.loss!.at(-1)!.step, damagedLines], [39, 0])
})

test('exports end with the number of lines that are left out', async t => {
  const { log, id, path, store } = await openLog(t, 10)
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.replace('{"step":4', '{"stop":4'))
  const parts = async (chunks: AsyncIterable<string>) => {
    let text = ''
    for await (const chunk of chunks) text += chunk
    return text
  }
  const ndjson = (await parts(ndjsonOf(log, id, attempts, {}))).trimEnd().split('\n')
  assert.equal(ndjson.length, 10)
  assert.equal(ndjson.at(-1), '{"damagedLines":1}')
  assert.deepEqual(Object.keys(JSON.parse(ndjson[0]!)), ['step', 'time', 'values'])
  const csv = (await parts(csvOf({ log, store }, id, attempts, {}))).trimEnd().split('\r\n')
  assert.equal(csv.length, 11)
  assert.match(csv.at(-1)!, /^# 1 damaged line/)
})

test('the log of a job says where a line is left out', async t => {
  const root = await tempFolder(t)
  const store = await openFolderStore(root)
  const [id, log] = [newJobId(), new JobLog(store)]
  for (const line of ['one', 'two', 'three']) await log.append(id, 1, line)
  const path = join(root, jobPaths(id).log(1))
  await writeFile(path, (await readFile(path, 'utf8')).replace('"two"', '"t\0o"'))
  const { items } = await log.page(id, [{ attempt: 1 }], { limit: 10 })
  const lines = items.map(({ line }) => line)
  assert.deepEqual([lines[0], lines[2]], ['one', 'three'])
  assert.match(lines[1]!, /^\[a damaged line of \d+ bytes is left out\]$/)
})

test('a text that ends within a line has one damaged line more', () => {
  const isRow = (value: unknown): value is { a: number } => typeof value === 'object'
  const text = '{"a":1}\n{"a":2}\n{"a":'
  assert.deepEqual(parseLines(Buffer.from(text), isRow), {
    values: [{ a: 1 }, { a: 2 }],
    damaged: 1,
  })
})
