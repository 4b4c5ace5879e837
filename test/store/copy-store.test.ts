import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { copyStore } from '../../src/store/copy-store.js'
import { disk } from '../../src/store/disk.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import type { OpenFor } from '../../src/store/format-version.js'
import { openBucketStore } from '../../src/store/s3/bucket-store.js'
import type { Store, StoreEntry } from '../../src/store/store.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { region, sharedServer, storeKinds, testBucket, timing } from './stores.js'

let places = 0
/** Opens a new place again and again, as the processes that copy to it and the servers that use it do. */
const targets = {
  async folder(t: TestContext) {
    const root = join(await tempFolder(t), 'copy')
    return (openFor: OpenFor) => openFolderStore(root, disk, openFor)
  },
  async bucket(t: TestContext) {
    const place = { bucket: testBucket, prefix: `copy-${++places}/`, region }
    const endpoint = await sharedServer()
    const dataFolder = await tempFolder(t)
    const options = { place: { ...place, endpoint }, dataFolder, cacheBytes: null, timing }
    return (openFor: OpenFor) => openBucketStore({ ...options, keepsFolders: true, openFor }, disk)
  },
}

const log = 'jobs/one/attempts/1/metrics.ndjson'
const lines = (count: number) =>
  Array.from({ length: count }, (_, i) => `{"step":${i},"loss":${Math.sin(i)}}\n`).join('')

async function commit(store: Store, key: string, files: Record<string, string>, manifest: object) {
  const staged = await store.stage()
  await mkdir(join(staged, 'shards'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(staged, name), text)
  await store.commit(staged, key, manifest)
}

/** Names of data sets, claims of version numbers, and imports. */
const records = ['dataset-names/a.json', 'model-versions/net/1.json', 'imports/one/end.json']

/** One thing of each kind that servers store. */
async function fill(store: Store): Promise<void> {
  await commit(
    store,
    'datasets/ds-1',
    { 'shards/a': 'x'.repeat(300_000), index: '' },
    { name: 'a' },
  )
  await commit(store, 'models/net/1', { 'model.ubj': 'model' }, { version: 1 })
  await commit(store, 'jobs/one/checkpoints/10', { 'model.ckpt-10.index': 'weights' }, { step: 10 })
  await store.createJson<object>('jobs/one/manifest.json', { id: 'one', dataset: 'ds-1' })
  await store.createJson<object>('jobs/one/journal/1.json', { kind: 'started', text: 'zwölf' })
  await store.claim('jobs/one/attempts/1/claim')
  await store.append(log, lines(200_000))
  await store.append('jobs/one/attempts/1/log.ndjson', lines(3))
  await store.append('jobs/one/events.out.tfevents.17.000001.host', Buffer.from([0, 255, 10, 128]))
  await store.replaceText('jobs/one/chart.ndjson', lines(5))
  await store.replaceText('jobs/one/checkpoints/checkpoint', 'model_checkpoint_path: "10"\n')
  await store.createJson<object>('idempotency/key.json', { job: 'one' }, { checksum: false })
  for (const key of records) await store.createJson<object>(key, { of: key })
  await store.closeLogs('jobs')
}

async function assertEqual(copy: Store, original: Store): Promise<void> {
  for (const key of ['datasets/ds-1', 'models/net/1', 'jobs/one/checkpoints/10']) {
    assert.deepEqual(await copy.readManifest(key), await original.readManifest(key))
    assert.ok(await copy.verify(key), key)
  }
  for (const key of [
    'jobs/one/manifest.json',
    'jobs/one/journal/1.json',
    'idempotency/key.json',
    ...records,
  ])
    assert.deepEqual(await copy.readJson(key), await original.readJson(key))
  assert.equal(await copy.claim('jobs/one/attempts/1/claim'), false)
  for (const key of [log, 'jobs/one/events.out.tfevents.17.000001.host', 'jobs/one/chart.ndjson'])
    assert.ok((await copy.readFrom(key, 0)).equals(await original.readFrom(key, 0)), key)
  await copy.append(log, '{"step":200000}\n')
  assert.equal(await copy.size(log), (await original.size(log)) + 16)
}

for (const kind of storeKinds) {
  for (const targetName of ['folder', 'bucket'] as const) {
    const { skip } = targetName === 'bucket' ? storeKinds[1]! : kind
    test(`a ${kind.name} is copied to a ${targetName}, also after interruptions`, {
      skip,
    }, async t => {
      const { store } = await kind.open(t)
      await fill(store)
      const open = await targets[targetName](t)
      const total: StoreEntry[] = []
      for await (const entry of store.entries()) total.push(entry)
      assert.equal(total.length, 15)
      assert.deepEqual(
        total.filter(({ kind }) => kind === 'folder').map(({ key }) => key),
        ['datasets/ds-1', 'jobs/one/checkpoints/10', 'models/net/1'],
      )
      for (const end of [1, 4, 12]) {
        let copied = 0
        const interrupted = copyStore(store, await open('copy'), () => {
          if (++copied === end) throw new Error('killed')
        })
        await assert.rejects(interrupted, /killed/)
        await assert.rejects(open('use'), { code: 'DATA_FOLDER_FORMAT' })
      }
      const report = await copyStore(store, await open('copy'))
      assert.equal(report.folders, 3)
      assert.equal(report.files, 12)
      // all but the claim, which is empty
      assert.ok(report.known >= 11, `${report.known} were known`)
      assert.ok(report.bytes > 5e6, `${report.bytes} bytes`)
      await assertEqual(await open('use'), store)
      await assert.rejects(open('copy'), /is in use already/)
    })
  }
}

test('what is damaged is not copied, and other things are not replaced', async t => {
  const opened = await storeKinds[0]!.open(t)
  await fill(opened.store)
  const open = await targets.folder(t)
  const target = await open('copy')
  await commit(target, 'models/net/1', { 'model.ubj': 'another' }, { version: 1 })
  await assert.rejects(copyStore(opened.store, target), { code: 'COPY_DIFFERS' })
  await target.remove('models/net/1')
  await opened.damage('datasets/ds-1/shards/a', 'y'.repeat(300_000))
  await assert.rejects(copyStore(opened.store, await open('copy')), { code: 'DAMAGED' })
  await assert.rejects(open('use'), /is a copy that is not complete: run `trainyard store copy`/)
  assert.ok(!(await readdir(opened.dataFolder)).includes('copy'))
})
