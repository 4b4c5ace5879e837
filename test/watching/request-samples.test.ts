import assert from 'node:assert/strict'
import { appendFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { NetworkModel } from '../../src/spec/model.js'
import type { RequestSample } from '../../src/spec/model-watch.js'
import { diskWithFailpoints } from '../../src/store/failpoints.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import type { ModelWatch } from '../../src/watching/model-watch.js'
import { eventually } from '../../testing/eventually.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { allSamples, houses, openWatch, predict, predictAreas, rowsOf } from './watched.js'

async function allOf(watch: ModelWatch, limit = 2): Promise<RequestSample[]> {
  const items: RequestSample[] = []
  let cursor: string | undefined
  do {
    const page = await watch.samples.page('houses', { limit, cursor })
    assert.ok(page.items.length <= limit)
    items.push(...page.items)
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  return items
}

test('nothing is kept unless it is asked for', async t => {
  const folder = await tempFolder(t)
  const watch = await openWatch(folder)
  t.after(() => watch.close())
  predictAreas(watch, 1, () => 5)
  await watch.samples.written()
  assert.deepEqual(await watch.samples.size('houses'), { files: 0, bytes: 0 })
  assert.equal(await watch.samples.settings('houses'), null)
})

test('rows are kept with their names and answers, and read page by page, also by another process', async t => {
  const folder = await tempFolder(t)
  const watch = await openWatch(folder)
  t.after(() => watch.close())
  await watch.samples.set('houses', allSamples)
  for (let i = 0; i < 5; i++) predictAreas(watch, 1, () => i)
  predict(watch, Float32Array.from([Number.POSITIVE_INFINITY, Number.NaN]))
  const samples = await allOf(watch)
  assert.equal(samples.length, 6)
  const { input, output, model, version, instances } = samples[3]!
  assert.deepEqual([model, version, instances], ['houses', 1, 1])
  assert.deepEqual(input, { rows: [{ area: 3, city: 'ulm' }] })
  assert.deepEqual(output, { outputs: 1, values: [3000] })
  assert.deepEqual(samples[5]!.input, { rows: [{ area: 'Infinity', city: null }] })
  const other = await openWatch(folder)
  t.after(() => other.close())
  assert.deepEqual(await allOf(other, 100), samples)
  const lines = []
  for await (const line of await other.samples.lines('houses')) lines.push(JSON.parse(line))
  assert.deepEqual(lines, samples)
  await watch.samples.set('houses', { samples: null })
  predictAreas(watch, 1, () => 9)
  assert.equal((await allOf(watch)).length, 6)
  await other.samples.remove('houses')
  assert.deepEqual(await watch.samples.size('houses'), { files: 0, bytes: 0 })
})

test('images are kept as the files that they came as, and inputs only if they are wanted and small', async t => {
  const watch = await openWatch(await tempFolder(t), { reference: async () => null })
  t.after(() => watch.close())
  const model = {
    ...houses,
    labels: ['a', 'b'],
    model: { kind: 'resnet' },
    input: { height: 1, width: 1, channels: 1 },
  } as unknown as NetworkModel
  const answer = {
    ...{ logits: new Float32Array(2), classes: 2 },
    probabilities: Float32Array.from([0.25, 0.75]),
  }
  const file = Uint8Array.from([1, 2, 3])
  await watch.samples.set('houses', allSamples)
  watch.images(model, { kind: 'images', files: [file] }, answer)
  watch.images(model, { kind: 'pixels', data: Float32Array.of(7), shape: [1, 1, 1, 1] }, answer)
  watch.images(model, { kind: 'images', files: [new Uint8Array(5e6)] }, answer)
  await watch.samples.set('houses', { samples: { share: 1, inputs: false } })
  watch.images(model, { kind: 'images', files: [file] }, answer)
  const [image, pixels, large, without] = await allOf(watch)
  assert.deepEqual(image!.input, { images: [{ b64: 'AQID' }] })
  assert.deepEqual(image!.output, { outputs: 2, values: [0.25, 0.75] })
  const { shape, b64 } = pixels!.input!.pixels!
  assert.deepEqual([shape, Buffer.from(b64, 'base64').readFloatLE()], [[1, 1, 1, 1], 7])
  assert.deepEqual([large!.input, large!.inputOmitted], [null, 'too_large'])
  assert.deepEqual([without!.input, without!.inputOmitted], [null, 'off'])
})

test('samples stay within their bytes and their age, the newest stay, and it is counted', async t => {
  const folder = await tempFolder(t)
  let now = Date.now()
  const watch = await openWatch(folder, { now: () => now })
  t.after(() => watch.close())
  const maxBytes = 2 ** 20
  await watch.samples.set('houses', { samples: { share: 1, maxBytes, maxAgeDays: 2 } })
  for (let i = 0; i < 60; i++) {
    predictAreas(watch, 1000, () => i)
    await watch.samples.written()
    assert.ok((await watch.samples.size('houses')).bytes <= maxBytes)
  }
  const samples = await allOf(watch)
  assert.ok(samples.length > 10 && samples.length < 60)
  assert.equal(samples.at(-1)!.input!.rows![0]!.area, 59)
  assert.equal(watch.samples.countsOf('houses').kept, 60)
  assert.ok(watch.samples.countsOf('houses').removed > 0)
  const bytes = await Promise.all(
    (await readdir(join(folder, 'model-watch/houses/samples'))).map(
      async name => (await stat(join(folder, 'model-watch/houses/samples', name))).size,
    ),
  )
  assert.ok(bytes.reduce((sum, one) => sum + one, 0) <= maxBytes)
  now += 3 * 24 * 3600_000
  predictAreas(watch, 1, () => 7)
  assert.deepEqual(
    (await allOf(watch)).map(({ input }) => input!.rows![0]!.area),
    [7],
  )
})

test('a disk that is full or fails costs samples, which are counted, and nothing else', async t => {
  const folder = await tempFolder(t)
  const control = join(folder, 'failpoints.json')
  const data = join(folder, 'data')
  const store = await openFolderStore(data, diskWithFailpoints(control, 'api'))
  let problem: string | null = null
  const warnings: string[] = []
  const watch = await openWatch(data, {
    store,
    disk: { status: async () => ({ problem }) },
    onWarn: message => warnings.push(message),
  })
  t.after(() => watch.close())
  await watch.samples.set('houses', allSamples)
  predictAreas(watch, 1, () => 1)
  await watch.samples.written()
  const failpoint = { process: 'api', error: 'ENOSPC', when: 'within', probability: 1 }
  await writeFile(control, JSON.stringify([failpoint]))
  for (let i = 0; i < 3; i++) predictAreas(watch, 1, () => 2)
  await watch.samples.written()
  await writeFile(control, '[]')
  problem = 'the disk of the data folder is full'
  predictAreas(watch, 1, () => 3)
  await watch.samples.written()
  problem = null
  predictAreas(watch, 1, () => 4)
  const samples = await allOf(watch)
  assert.deepEqual(
    samples.map(({ input }) => input!.rows![0]!.area),
    [1, 4],
  )
  const { kept, dropped } = watch.samples.countsOf('houses')
  assert.deepEqual([kept, dropped, warnings.length], [2, 4, 1])
})

test('who waits for what was queued does not wait for what comes later, and memory is bounded', async t => {
  const watch = await openWatch(await tempFolder(t))
  t.after(() => watch.close())
  await watch.samples.set('houses', allSamples)
  let stopped = false
  const traffic = (async () => {
    for (; !stopped; await setImmediate()) predictAreas(watch, 1000, () => 1)
  })()
  await watch.samples.written()
  stopped = true
  await traffic
  await watch.samples.written()
  const before = watch.samples.countsOf('houses').dropped
  // 24 KB each, while none can be written
  for (let i = 0; i < 2000; i++) predictAreas(watch, 1000, () => 2)
  const { dropped } = watch.samples.countsOf('houses')
  assert.ok(dropped - before > 500, `${dropped} dropped`)
})

test('an input that is not kept leaves the memory at once, and small requests are bounded, too', async t => {
  let release = () => {}
  const diskAnswers = new Promise<void>(resolve => {
    release = resolve
  })
  const status = async () => {
    await diskAnswers
    return { problem: 'the disk of the data folder is full' }
  }
  const watch = await openWatch(await tempFolder(t), { disk: { status } })
  t.after(() => {
    release()
    return watch.close()
  })
  await watch.samples.set('houses', { samples: { share: 1, inputs: false } })
  const refs = Array.from({ length: 3 }, () => {
    const rows = rowsOf(10_000, () => 1)
    predict(watch, rows)
    return new WeakRef(rows)
  })
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  await eventually('the inputs to leave the memory', async () => {
    collect()
    return refs.every(ref => ref.deref() === undefined)
  })
  // 32 MiB, of which each takes at least 1 KiB
  for (let i = 0; i < 40_000; i++) predictAreas(watch, 1, () => i)
  assert.ok(watch.samples.countsOf('houses').dropped > 40_000 - 2 ** 15)
})

test('samples that a process left of versions that are gone are swept up', async t => {
  const folder = await tempFolder(t)
  let versions = [1, 2]
  const watch = await openWatch(folder, { versions: async () => versions })
  t.after(() => watch.close())
  await watch.samples.set('houses', allSamples)
  for (const version of [1, 2]) predictAreas(watch, 1, () => version, version)
  versions = [2]
  assert.equal((await allOf(watch)).length, 2)
  await watch.samples.sweep()
  assert.deepEqual(
    (await allOf(watch)).map(({ version }) => version),
    [2],
  )
  versions = []
  await watch.samples.sweep()
  assert.deepEqual(await readdir(join(folder, 'model-watch')), [])
  assert.equal(await watch.samples.settings('houses'), null)
})

test('a damaged line is counted, and the others are read', async t => {
  const folder = await tempFolder(t)
  const watch = await openWatch(folder)
  t.after(() => watch.close())
  await watch.samples.set('houses', allSamples)
  predictAreas(watch, 1, () => 1)
  await watch.samples.written()
  const samples = join(folder, 'model-watch/houses/samples')
  const [file] = await readdir(samples)
  await appendFile(join(samples, file!), '{"id":"x"}\nnot JSON\n')
  predictAreas(watch, 1, () => 2)
  const page = await watch.samples.page('houses', { limit: 10 })
  assert.deepEqual([page.items.length, page.damagedLines], [2, 2])
})

test('with the last version go its samples and the settings', async t => {
  const folder = await tempFolder(t)
  let versions = [1, 2]
  const watch = await openWatch(folder, { versions: async () => versions })
  t.after(() => watch.close())
  await watch.samples.set('houses', allSamples)
  predictAreas(watch, 1, () => 1)
  predictAreas(watch, 1, () => 2, 2)
  assert.equal((await allOf(watch)).length, 2)
  versions = [2]
  await watch.remove('houses', 1)
  assert.deepEqual(
    (await allOf(watch)).map(({ version }) => version),
    [2],
  )
  assert.ok(await watch.samples.settings('houses'))
  versions = []
  await watch.remove('houses', 2)
  assert.deepEqual(await readdir(join(folder, 'model-watch')), [])
  assert.equal(await watch.samples.settings('houses'), null)
})
