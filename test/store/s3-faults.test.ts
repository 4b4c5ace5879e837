// A bucket behind a proxy that answers with errors, loses answers, cuts bodies and hides the condition of puts.
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { TrainyardError } from '../../src/errors.js'
import { disk } from '../../src/store/disk.js'
import type { Bucket } from '../../src/store/s3/bucket.js'
import { openBucketStore } from '../../src/store/s3/bucket-store.js'
import { FolderCache } from '../../src/store/s3/folder-cache.js'
import { sweepLeftovers } from '../../src/store/s3/leftovers.js'
import { Removals } from '../../src/store/s3/removals.js'
import type { Store } from '../../src/store/store.js'
import { makeBucket, needsObjectStore, startObjectStore } from '../../testing/object-store.js'
import { type S3Fault, startS3Proxy } from '../../testing/s3-proxy.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { openBucket, region, sharedServer, testBucket, timing } from './stores.js'

/** The requests below a store. */
const bucketOf = (store: object) => (store as { bucket: Bucket }).bucket

const failure = (code: string, pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TrainyardError, String(error))
  assert.equal(error.code, code)
  assert.match(error.message, pattern)
  return true
}

test(
  'a store that ignores conditional writes is refused, with its name and what it needs',
  needsObjectStore,
  async t => {
    // it checks no signatures, which cover the header that the proxy leaves out
    const server = await startObjectStore(t, await tempFolder(t), { isOpen: true })
    await makeBucket(server, testBucket)
    const proxy = await startS3Proxy(t, server.endpoint)
    const dataFolder = await tempFolder(t)
    const place = { bucket: testBucket, prefix: 'p/', endpoint: proxy.endpoint, region }
    const open = () =>
      openBucketStore({ place, dataFolder, cacheBytes: null, keepsFolders: true, timing }, disk)
    await open()
    proxy.hidesConditions = true
    await assert.rejects(
      open(),
      failure(
        'STORE_UNSUITABLE',
        /s3:\/\/trainyard\/p \(http:.*, Server: SeaweedFS.*\) ignores conditional writes.*If-None-Match/,
      ),
    )
    proxy.hidesConditions = false
    proxy.fault = method => (method === 'PUT' ? { status: 501 } : null)
    await assert.rejects(open(), failure('STORE_UNSUITABLE', /refuses conditional writes .*501/))
  },
)

test(
  'a store that does not answer, or not to these credentials, or has no such bucket, is refused with its cause',
  needsObjectStore,
  async t => {
    const endpoint = await sharedServer()
    const dataFolder = await tempFolder(t)
    const open = (place: Partial<{ bucket: string; endpoint: string }>) =>
      openBucketStore(
        {
          place: { bucket: testBucket, prefix: '', endpoint, region, ...place },
          ...{ dataFolder, cacheBytes: null, keepsFolders: true, timing },
        },
        disk,
      )
    await assert.rejects(
      open({ endpoint: 'http://127.0.0.1:1' }),
      failure('STORAGE_FAILED', /ECONNREFUSED.*AWS_ENDPOINT_URL_S3/),
    )
    process.env.AWS_SECRET_ACCESS_KEY = 'another'
    try {
      await assert.rejects(
        open({}),
        failure('STORAGE_FAILED', /SignatureDoesNotMatch|AccessDenied/),
      )
    } finally {
      process.env.AWS_SECRET_ACCESS_KEY = 'test-secret'
    }
  },
)

/** Fails every second request in another way. */
function everySecond(faults: readonly S3Fault[]) {
  let n = 0
  return () => (n++ % 2 === 0 ? faults[(n >> 1) % faults.length]! : null)
}

test('all operations succeed while every second request fails', needsObjectStore, async t => {
  const proxy = await startS3Proxy(t, await sharedServer())
  const { store, another, read } = await openBucket(t, proxy.endpoint)
  proxy.fault = everySecond([{ status: 500 }, { status: 503 }, { lost: true }, { cutAt: 0.5 }])
  // an answer that was lost does not make the winner a loser
  for (let n = 0; n < 12; n++) {
    assert.equal(await store.claim(`claims/${n}`), true, `claim ${n}`)
    assert.equal(await store.claim(`claims/${n}`), false, `second claim ${n}`)
    assert.equal(await store.createJson<unknown>(`json/${n}.json`, { n }), true)
    assert.deepEqual(await store.readJson(`json/${n}.json`), { n })
  }
  assert.equal((await store.list('claims')).length, 12)
  const staged = await store.stage()
  await mkdir(join(staged, 'shards'))
  const large = Buffer.alloc(20_000_000, 'abcdefghijk')
  await writeFile(join(staged, 'shards', 'large'), large)
  await writeFile(join(staged, 'small'), 'small')
  assert.equal(await store.commit(staged, 'datasets/a', { n: 1 }), true)
  const other = await another()
  assert.equal(await other.verify('datasets/a'), true)
  const folder = await other.folder('datasets/a')
  assert.ok((await readFile(join(folder, 'shards', 'large'))).equals(large))
  let expected = ''
  for (let n = 0; n < 6; n++) {
    await store.append('jobs/a/log.ndjson', `${n}\n`)
    await store.sync('jobs/a/log.ndjson')
    expected += `${n}\n`
  }
  await store.closeLogs('jobs/a')
  assert.equal((await other.readFrom('jobs/a/log.ndjson', 0)).toString(), expected)
  await store.remove('datasets/a')
  assert.equal(await other.readManifest('datasets/a'), null)
  proxy.fault = () => null
  assert.ok((await read('json/1.json')).length > 0)
})

test(
  'a request that gets no answer is tried again, and ends after some time',
  needsObjectStore,
  async t => {
    const proxy = await startS3Proxy(t, await sharedServer())
    const { store } = await openBucket(t, proxy.endpoint)
    let silent = 1
    proxy.fault = () => (silent-- > 0 ? { silent: true } : null)
    await store.replaceJson<unknown>('a.json', { n: 1 })
    proxy.fault = () => ({ status: 503 })
    await assert.rejects(
      store.readJson('a.json'),
      failure('STORAGE_FAILED', /SlowDown, status 503.*s3:\/\/trainyard\/.*a\.json/),
    )
    assert.match((await store.problem()) ?? '', /the store s3:\/\/trainyard\/.* takes no writes/)
    proxy.fault = () => null
    assert.equal(await store.problem(), null)
    assert.deepEqual(await store.readJson('a.json'), { n: 1 })
  },
)

async function stageFiles(store: Store, ...names: string[]): Promise<string> {
  const staged = await store.stage()
  for (const name of names) await writeFile(join(staged, name), name)
  return staged
}

test(
  'a commit that fails leaves nothing visible, and can be made again',
  needsObjectStore,
  async t => {
    const proxy = await startS3Proxy(t, await sharedServer())
    const { store, another } = await openBucket(t, proxy.endpoint)
    const stage = () => stageFiles(store, 'a', 'b', 'c')
    // the third file, and then the manifest
    for (const failing of [/\/c$/, /manifest\.json$/]) {
      const staged = await stage()
      proxy.fault = (method, path) =>
        method === 'PUT' && failing.test(path.split('?')[0]!) ? { status: 500 } : null
      await assert.rejects(store.commit(staged, 'm/1', {}), failure('STORAGE_FAILED', /500/))
      await store.discard(staged)
      proxy.fault = () => null
      assert.deepEqual(await store.list('m'), [])
      assert.equal(await store.readManifest('m/1'), null)
    }
    assert.equal(await store.commit(await stage(), 'm/1', {}), true)
    assert.equal(await (await another()).verify('m/1'), true)
  },
)

test('a file whose content was damaged in the bucket is not used', needsObjectStore, async t => {
  const { store, another, damage } = await openBucket(t)
  const staged = await store.stage()
  await writeFile(join(staged, 'weights'), 'abcdef')
  await store.commit(staged, 'm/1', {})
  await damage('m/1/weights', 'abcdeg')
  const other = await another()
  await assert.rejects(other.folder('m/1'), failure('DAMAGED', /m\/1\/weights does not match/))
})

test(
  'a removal that was interrupted shows nothing, and another process goes on with it',
  needsObjectStore,
  async t => {
    const proxy = await startS3Proxy(t, await sharedServer())
    const { store, another } = await openBucket(t, proxy.endpoint)
    await store.createJson<unknown>('jobs/a/manifest.json', {})
    for (let n = 0; n < 5; n++) await store.createJson<unknown>(`jobs/a/journal/${n}.json`, {})
    proxy.fault = (method, path) =>
      (method === 'POST' && path.includes('delete')) ||
      (method === 'DELETE' && path.includes('journal'))
        ? { status: 500 }
        : null
    await assert.rejects(store.remove('jobs/a'), failure('STORAGE_FAILED', /500/))
    assert.equal(await store.readJson('jobs/a/manifest.json'), null)
    proxy.fault = () => null
    const other = await another()
    assert.equal((await other.list('jobs/a/journal')).length, 5)
    const bucket = bucketOf(other)
    await new Removals(bucket).resume(0)
    assert.deepEqual(await other.list('jobs'), [])
  },
)

test('copies that were not used lately make room for others', needsObjectStore, async t => {
  const { store, dataFolder } = await openBucket(t)
  const commit = async (key: string) => {
    const staged = await store.stage()
    await writeFile(join(staged, 'a'), Buffer.alloc(1_000_000, key))
    await store.commit(staged, key, {})
  }
  for (const key of ['m/1', 'm/2', 'm/3', 'm/4']) await commit(key)
  const folders = () => readdir(join(dataFolder, '.cache', 'store', 'folders'))
  assert.equal((await folders()).length, 4)
  const local = join(dataFolder, '.cache', 'store')
  const options = { folder: local, staging: join(dataFolder, '.staging'), keepsFolders: false }
  const cache = new FolderCache(bucketOf(store), { ...options, maxBytes: 2_500_000 })
  // this process has leases on all of them: nothing goes
  await cache.makeRoom(1_000_000)
  assert.equal((await folders()).length, 4)
  // as after the processes that used them have ended
  await rm(join(local, 'leases'), { recursive: true })
  await store.folder('m/1')
  await cache.makeRoom(1_000_000)
  assert.equal((await folders()).length, 1)
  assert.ok((await readFile(join(await store.folder('m/1'), 'a'))).length === 1_000_000)
  assert.ok((await readFile(join(await store.folder('m/2'), 'a'))).length === 1_000_000)
})

test(
  'what dead processes left goes after a day, once a day, and files of committed folders stay',
  needsObjectStore,
  async t => {
    const proxy = await startS3Proxy(t, await sharedServer())
    const { store, another } = await openBucket(t, proxy.endpoint)
    const stage = () => stageFiles(store, 'a')
    await store.commit(await stage(), 'm/1', {})
    proxy.fault = (method, path) =>
      method === 'PUT' && path.includes('manifest') ? { status: 500 } : null
    for (const key of ['m/1/more', 'm/2'])
      await assert.rejects(store.commit(await stage(), key, {}))
    proxy.fault = () => null
    const bucket = bucketOf(store)
    const keysBelow = async (prefix: string) => {
      const keys: string[] = []
      for await (const { key } of bucket.list(prefix)) keys.push(key)
      return keys
    }
    const files = () => keysBelow('.files/')
    // as of a process that is killed before it removes it
    await bucket.put('.probe/of-a-dead-process', 'probe')
    assert.equal((await files()).length, 3)
    const dayMs = 24 * 3600_000
    // an upload of today may be running
    await sweepLeftovers(bucket)
    assert.equal((await files()).length, 3)
    // another process has looked today
    await sweepLeftovers(bucket, Date.now() + dayMs / 2)
    assert.equal((await files()).length, 3)
    assert.equal((await keysBelow('.probe/')).length, 1)
    await sweepLeftovers(bucket, Date.now() + 2 * dayMs)
    assert.match((await files()).join(), /^\.files\/m\/1\/[^/]+\/a$/)
    assert.deepEqual(await keysBelow('.probe/'), [])
    assert.equal(await (await another()).verify('m/1'), true)
  },
)

test('a bucket of a newer format is refused', needsObjectStore, async t => {
  const { another, damage } = await openBucket(t)
  await damage('format.json', '{"formatVersion": 99}')
  await assert.rejects(
    another(),
    failure(
      'DATA_FOLDER_FORMAT',
      /the store s3:\/\/trainyard\/test-.* has format version 99.*TRAINYARD_STORE/,
    ),
  )
})
