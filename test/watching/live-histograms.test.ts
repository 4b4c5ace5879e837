import assert from 'node:assert/strict'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { DriftReport } from '../../src/spec/model-watch.js'
import { diskWithFailpoints } from '../../src/store/failpoints.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { dayOf, keptDays } from '../../src/watching/day-counts.js'
import type { ModelWatch } from '../../src/watching/model-watch.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { houses, openWatch, predict, predictAreas } from './watched.js'

const today = dayOf(Date.now())
const report = (watch: ModelWatch, from = today, to = today) => watch.drift(houses, { from, to })
const binsOf = ({ inputs }: DriftReport, name: string) =>
  Object.fromEntries(
    inputs!.features.find(each => each.name === name)!.bins.map(bin => [bin.name, bin.live]),
  )

test('rows and scores are counted, and a shift names its column', async t => {
  const watch = await openWatch(await tempFolder(t))
  t.after(() => watch.close())
  for (let i = 0; i < 20; i++) predictAreas(watch, 100, row => (100 * i + row) % 200)
  const same = await report(watch)
  assert.deepEqual(same.rows, { predicted: 2000, counted: 2000 })
  assert.deepEqual([same.inputs!.status, same.scores!.status], ['none', 'none'])
  assert.deepEqual(same.notes, [])
  assert.deepEqual(same.scores!.features[0]!.name, 'value')
  for (let i = 0; i < 20; i++) predictAreas(watch, 100, () => 500)
  const shifted = await report(watch)
  assert.equal(shifted.inputs!.status, 'large')
  assert.equal(shifted.inputs!.worst!.name, 'area')
  assert.equal(shifted.scores!.status, 'large')
  assert.equal(binsOf(shifted, 'area')['> 199'], 2000)
})

test('missing values and unknown categories are apart', async t => {
  const watch = await openWatch(await tempFolder(t))
  t.after(() => watch.close())
  const rows = Float32Array.from([1, 0, Number.NaN, 1, 3, Number.NaN, 4, Number.NaN])
  predict(watch, rows, [{ column: 'city', rows: 1 }])
  const found = await report(watch)
  assert.deepEqual(binsOf(found, 'city'), {
    ...{ ulm: 1, bonn: 1, jena: 0, '(other)': 0, '(unknown)': 1, '(missing)': 1 },
  })
  assert.equal(binsOf(found, 'area')['(missing)'], 1)
  assert.equal(found.inputs!.status, 'not_enough')
})

test('counts outlive a restart, and those of several processes add up', async t => {
  const folder = await tempFolder(t)
  const first = await openWatch(folder)
  const other = await openWatch(folder)
  predictAreas(first, 10, row => row)
  predictAreas(other, 5, row => row)
  assert.equal((await report(first)).rows.counted, 10)
  await other.close()
  assert.equal((await report(first)).rows.counted, 15)
  await first.close()
  const second = await openWatch(folder)
  t.after(() => second.close())
  assert.equal((await report(second)).rows.counted, 15)
  predictAreas(second, 1, row => row)
  await second.histograms.refresh()
  predictAreas(second, 1, row => row)
  assert.equal((await report(second)).rows.counted, 17)
})

test('days are apart, and old ones are removed', async t => {
  const folder = await tempFolder(t)
  let now = Date.parse('2026-03-01T23:59:59.000Z')
  const watch = await openWatch(folder, { now: () => now })
  t.after(() => watch.close())
  predictAreas(watch, 3, row => row)
  now += 2000
  predictAreas(watch, 4, row => row)
  const rowsIn = async (from: string, to: string) => (await report(watch, from, to)).rows.counted
  assert.equal(await rowsIn('2026-03-01', '2026-03-01'), 3)
  assert.equal(await rowsIn('2026-03-02', '2026-03-02'), 4)
  await watch.histograms.refresh()
  assert.equal(await rowsIn('2026-03-01', '2026-03-05'), 7)
  now += (keptDays + 1) * 24 * 3600_000
  predictAreas(watch, 1, row => row)
  await watch.histograms.refresh()
  assert.equal(await rowsIn('2026-03-01', '2026-12-31'), 1)
})

test('counts of versions that nobody asks any more, or that are gone, are removed too', async t => {
  const folder = await tempFolder(t)
  const start = Date.parse('2026-03-01T12:00:00.000Z')
  const first = await openWatch(folder, { now: () => start, versions: async () => [1, 2] })
  for (const version of [1, 2]) predictAreas(first, 1, row => row, version)
  await first.close()
  const versionsIn = () => readdir(join(folder, 'model-watch/houses/versions'))
  const daysIn = (version: number) =>
    readdir(join(folder, `model-watch/houses/versions/${version}`)).catch(() => [])
  assert.deepEqual(await versionsIn(), ['1', '2'])
  const later = (days: number, versions: number[]) =>
    openWatch(folder, { now: () => start + days * 24 * 3600_000, versions: async () => versions })
  const second = await later(keptDays, [2])
  t.after(() => second.close())
  await second.histograms.refresh()
  assert.deepEqual(await versionsIn(), ['2'])
  assert.deepEqual(await daysIn(2), ['2026-03-01'])
  const third = await later(keptDays + 1, [2])
  t.after(() => third.close())
  await third.histograms.refresh()
  assert.deepEqual(await daysIn(2), [])
})

test('of a large request a part is counted, spread over it, which is said', async t => {
  const watch = await openWatch(await tempFolder(t))
  t.after(() => watch.close())
  predictAreas(watch, 50_000, row => row % 200)
  const found = await report(watch)
  assert.equal(found.rows.predicted, 50_000)
  assert.ok(found.rows.counted > 5000 && found.rows.counted < 10_000, `${found.rows.counted}`)
  assert.equal(found.inputs!.status, 'none')
  assert.deepEqual(
    found.notes.map(({ code }) => code),
    ['predictions_sampled'],
  )
})

test('a full disk loses no counts, and is logged once', async t => {
  const folder = await tempFolder(t)
  const control = join(folder, 'failpoints.json')
  const data = join(folder, 'data')
  const store = await openFolderStore(data, diskWithFailpoints(control, 'api'))
  const warnings: string[] = []
  const watch = await openWatch(data, { store, onWarn: message => warnings.push(message) })
  t.after(() => watch.close())
  await writeFile(
    control,
    JSON.stringify([{ process: 'api', error: 'ENOSPC', when: 'within', probability: 1 }]),
  )
  predictAreas(watch, 10, row => row)
  assert.equal((await report(watch)).rows.counted, 10)
  await watch.histograms.refresh()
  await watch.histograms.refresh()
  assert.equal(warnings.length, 1)
  await rm(control)
  await watch.histograms.refresh()
  const other = await openWatch(data)
  t.after(() => other.close())
  assert.equal((await report(other)).rows.counted, 10)
})

test('damaged counts are left out, which is said; so is a version without a reference', async t => {
  const folder = await tempFolder(t)
  const first = await openWatch(folder)
  predictAreas(first, 10, row => row)
  await first.close()
  const store = await openFolderStore(folder)
  const [part] = await store.list(`model-watch/houses/versions/1/${today}`)
  await writeFile(join(folder, 'model-watch/houses/versions/1', today, part!), '{"predicted":')
  const second = await openWatch(folder)
  t.after(() => second.close())
  const found = await report(second)
  assert.equal(found.rows.counted, 0)
  assert.deepEqual(
    found.notes.map(({ code }) => code),
    ['counts_damaged'],
  )
  const old = await openWatch(folder, { reference: async () => null })
  t.after(() => old.close())
  predictAreas(old, 10, row => row)
  const nothing = await report(old)
  assert.deepEqual([nothing.inputs, nothing.scores], [null, null])
  assert.equal(nothing.notes[0]!.code, 'reference_missing')
})

test('the current drift is computed for metrics, and a large one is logged once', async t => {
  const warnings: string[] = []
  const watch = await openWatch(await tempFolder(t), { onWarn: message => warnings.push(message) })
  t.after(() => watch.close())
  predictAreas(watch, 2000, () => 500)
  await report(watch)
  await watch.histograms.refresh()
  await watch.histograms.refresh()
  const [current] = watch.histograms.current
  assert.deepEqual([current!.name, current!.version, current!.counted], ['houses', 1, 2000])
  assert.equal(current!.inputs.worst!.name, 'area')
  assert.equal(warnings.length, 1)
  await watch.remove('houses', 1)
  assert.deepEqual(watch.histograms.current, [])
  assert.equal((await report(watch)).rows.counted, 0)
})
