import assert from 'node:assert/strict'
import { appendFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { jobPaths } from '../../../src/jobs/record/job-paths.js'
import { ResourceLog } from '../../../src/jobs/telemetry/resource-log.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import { resourceSample } from '../../../testing/resource-sample.js'
import { attemptRecord, newJobId } from '../../../testing/running-job.js'
import { tempFolder } from '../../../testing/temp-folder.js'

const folder = await tempFolder({ after })
const store = await openFolderStore(folder)
const whole = { maxPoints: 5000 }

const sum = (values: (number | null)[]) => values.reduce<number>((all, value) => all + value!, 0)

test('the log of a long attempt stays small, and its older samples are means of all that was measured', async () => {
  const id = newJobId()
  const log = new ResourceLog(store)
  const count = 6000
  let cpuSeconds = 0
  let largest = 0
  for (let i = 1; i <= count; i++) {
    const cpuCores = (i % 7) / 2
    const residentBytes = i === 100 ? 5e9 : 1000 + i
    cpuSeconds += 5 * cpuCores
    await log.append(id, 1, resourceSample(5 * i, { cpuCores, residentBytes }))
    if (i % 64 > 0) continue
    const { size } = await stat(join(folder, jobPaths(id).resources(1)))
    largest = Math.max(largest, size)
  }
  assert.ok(largest < 1e6, `${largest} bytes`)
  const { columns, measurements, damagedLines } = await log.read(id, [attemptRecord(1)], whole)
  assert.equal(damagedLines, 0)
  assert.equal(measurements, count)
  assert.ok(columns.time.length <= 2048 && columns.time.length > 1000, `${columns.time.length}`)
  assert.equal(sum(columns.seconds), 5 * count)
  assert.deepEqual(
    columns.step.slice(-720),
    Array.from({ length: 720 }, (_, i) => 5 * (count - 719 + i)),
  )
  assert.deepEqual(
    columns.step,
    [...columns.step].sort((a, b) => a - b),
  )
  const merged = sum(columns.cpuCores.map((cores, i) => cores! * columns.seconds[i]!))
  assert.ok(Math.abs(merged - cpuSeconds) < 1e-3 * cpuSeconds, `${merged} of ${cpuSeconds}`)
  assert.equal(Math.max(...columns.residentBytes.map(Number)), 5e9, 'the peak is kept')
  // the older samples are about equally long: a chart has no part that is far coarser than the rest
  const older = columns.seconds.slice(0, -(720 + 512 + 1))
  assert.ok(Math.max(...older) <= 4 * Math.min(...older), `${Math.max(...older)}`)
})

test('all attempts are one series, without what a worker measured after it had lost the job', async () => {
  const id = newJobId()
  const log = new ResourceLog(store)
  const attempts = [
    attemptRecord(1),
    attemptRecord(2),
    attemptRecord(3, { resumedFrom: 10, startedAt: '2026-01-01T00:00:20.000Z' }),
  ]
  for (const at of [5, 10, 15, 25, 30]) await log.append(id, 1, resourceSample(at))
  for (const at of [30, 35]) await log.append(id, 3, resourceSample(at, { cpuCores: null }))
  attempts[1]!.startedAt = '2026-01-01T00:00:18.000Z'
  const { columns, measurements } = await log.read(id, attempts, whole)
  assert.deepEqual(columns.step, [5, 10, 15, 30, 35])
  assert.deepEqual(columns.attempt, [1, 1, 1, 3, 3])
  assert.deepEqual(columns.cpuCores, [1, 1, 1, null, null])
  assert.equal(measurements, 5)

  const [after, before] = [columns.time[1]!, columns.time[3]!].map(Date.parse) as [number, number]
  const part = await log.read(id, attempts, { ...whole, after, before })
  assert.deepEqual(part.columns.step, [15, 30])
})

test('of more samples than `maxPoints`, neighbours are merged', async () => {
  const id = newJobId()
  const log = new ResourceLog(store)
  for (let i = 1; i <= 23; i++) {
    const values = { cpuCores: i, residentBytes: i, examplesPerSecond: i < 12 ? null : i }
    await log.append(id, 1, resourceSample(5 * i, values))
  }
  const read = await log.read(id, [attemptRecord(1)], { maxPoints: 10 })
  const { columns, measurements } = read
  assert.equal(columns.time.length, 10)
  assert.equal(measurements, 23)
  assert.equal(sum(columns.seconds), 5 * 23)
  assert.deepEqual(columns.cpuCores.slice(0, 2), [1.5, 3.5])
  assert.deepEqual(columns.residentBytes.slice(0, 2), [2, 4])
  assert.equal(columns.residentBytes.at(-1), 23)
  assert.deepEqual(columns.examplesPerSecond.slice(0, 2), [null, null])
  assert.equal(columns.examplesPerSecond.at(-1), 22)
})

test('lines that a crash has cut or altered are left out and counted', async () => {
  const id = newJobId()
  const damaged: string[] = []
  const log = new ResourceLog(store, key => damaged.push(key))
  await log.append(id, 1, resourceSample(5))
  const path = join(folder, jobPaths(id).resources(1))
  await appendFile(path, '\0\0\0\0\n{"time":"x"}\n')
  await log.append(id, 1, resourceSample(10))
  await appendFile(path, '{"time":"2026')
  const { columns, damagedLines } = await log.read(id, [attemptRecord(1)], whole)
  assert.deepEqual(columns.step, [5, 10])
  assert.equal(damagedLines, 2)
  assert.deepEqual(damaged, [jobPaths(id).resources(1)])
})

test('a job without samples has empty columns', async () => {
  const { columns, measurements } = await new ResourceLog(store).read(newJobId(), [], whole)
  assert.deepEqual(Object.values(columns).flat(), [])
  assert.equal(measurements, 0)
})
