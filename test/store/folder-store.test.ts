import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import {
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { TrainyardError } from '../../src/errors.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { toStorageError } from '../../src/store/storage-errors.js'
import { tempFolder } from '../../testing/temp-folder.js'

async function openTempStore(t: { after(work: () => Promise<void>): void }) {
  const root = await tempFolder(t)
  return { root, store: await openFolderStore(root) }
}

const hasCode = (code: string) => (error: unknown) =>
  error instanceof TrainyardError && error.code === code

test('createJson does not overwrite, replaceJson does, and a missing key reads as null', async t => {
  const { store } = await openTempStore(t)
  assert.equal(await store.readJson('jobs/a/spec.json'), null)
  assert.equal(await store.createJson<unknown>('jobs/a/spec.json', { n: 1 }), true)
  assert.equal(await store.createJson<unknown>('jobs/a/spec.json', { n: 2 }), false)
  assert.deepEqual(await store.readJson('jobs/a/spec.json'), { n: 1 })
  await store.replaceJson<unknown>('jobs/a/spec.json', { n: 3 })
  assert.deepEqual(await store.readJson('jobs/a/spec.json'), { n: 3 })
  await assert.rejects(store.readJson('jobs/a/spec.json/below'), hasCode('DAMAGED'))
})

test('a cached read returns the current value, even if another store wrote it', async t => {
  const { root, store } = await openTempStore(t)
  const other = await openFolderStore(root)
  assert.equal(await store.readJsonCached('names/a.json'), null)
  for (let n = 0; n < 20; n++) {
    await other.replaceJson<unknown>('names/a.json', { n: n % 10 })
    assert.deepEqual(await store.readJsonCached('names/a.json'), { n: n % 10 })
  }
  await wait(1200) // After this time the file is old enough for the cache.
  const first = await store.readJsonCached<{ n: number }>('names/a.json')
  assert.throws(() => (first!.n = 1000), 'callers share the value')
  assert.deepEqual(await store.readJsonCached('names/a.json'), { n: 9 })
  await other.replaceJson<unknown>('names/a.json', { n: 8 })
  assert.deepEqual(await store.readJsonCached('names/a.json'), { n: 8 })
  await other.remove('names/a.json')
  assert.equal(await store.readJsonCached('names/a.json'), null)
})

test('exactly one of 50 concurrent createJson calls wins, and readers see only its value', async t => {
  const { root } = await openTempStore(t)
  const stores = await Promise.all(Array.from({ length: 5 }, () => openFolderStore(root)))
  const writers = Array.from({ length: 50 }, (_, n) =>
    stores[n % 5]!.createJson<unknown>('a/b/c.json', { n, padding: 'x'.repeat(100_000) }),
  )
  const readers = Array.from({ length: 50 }, () => stores[0]!.readJson<{ n: number }>('a/b/c.json'))
  const wins = await Promise.all(writers)
  assert.equal(wins.filter(Boolean).length, 1)
  const winner = wins.indexOf(true)
  for (const seen of await Promise.all(readers)) if (seen) assert.equal(seen.n, winner)
  assert.equal((await stores[0]!.readJson<{ n: number }>('a/b/c.json'))?.n, winner)
  assert.deepEqual(await readdir(join(root, '.staging')), [])
})

test('exactly one of 50 concurrent claims wins', async t => {
  const { store } = await openTempStore(t)
  const wins = await Promise.all(Array.from({ length: 50 }, () => store.claim('jobs/a/attempts/1')))
  assert.equal(wins.filter(Boolean).length, 1)
  assert.deepEqual(await store.list('jobs/a/attempts'), ['1'])
})

test('an incomplete JSON file is an error, not a missing key', async t => {
  const { root, store } = await openTempStore(t)
  await store.createJson<unknown>('a.json', { n: 1 })
  await truncate(join(root, 'a.json'), 4)
  await assert.rejects(store.readJson('a.json'), hasCode('DAMAGED'))
})

test('a key that is malformed, outside the store or in its staging folder is refused', async t => {
  const { root, store } = await openTempStore(t)
  const invalidKeys = [
    '',
    '/',
    '/etc/passwd',
    '..',
    '../a',
    'a/../../b',
    'a/..',
    'a//b',
    'a/',
    './a',
    '.staging/x',
    'a/.hidden',
    'a\\b',
    'a\0b',
    '%2e%2e/a',
    'a b',
    'C:/a',
    'ä',
    'a'.repeat(256),
  ]
  for (const key of invalidKeys) {
    const staged = await store.stage()
    const calls: (() => Promise<unknown>)[] = [
      () => store.readJson(key),
      () => store.createJson<unknown>(key, 1),
      () => store.replaceJson<unknown>(key, 1),
      () => store.replaceText(key, '1'),
      () => store.claim(key),
      () => store.list(key),
      () => store.commit(staged, key, {}),
      () => store.verify(key),
      () => store.folder(key),
      () => store.append(key, 'x'),
      () => store.readFrom(key, 0),
      () => store.remove(key),
    ]
    for (const call of calls) {
      await assert.rejects(call, hasCode('INVALID_KEY'), `accepted ${JSON.stringify(key)}`)
    }
  }
  assert.deepEqual((await readdir(root)).sort(), ['.staging', 'format.json'])
})

async function stageModel(store: Awaited<ReturnType<typeof openFolderStore>>) {
  const staged = await store.stage()
  await mkdir(join(staged, 'variables', 'empty'), { recursive: true })
  await writeFile(join(staged, 'graph.pb'), 'graph')
  await writeFile(join(staged, 'variables', 'data-00000-of-00001'), Buffer.alloc(3_000_000, 7))
  return staged
}

test('a staged folder becomes visible only when it is committed', async t => {
  const { root, store } = await openTempStore(t)
  const staged = await stageModel(store)
  assert.deepEqual((await readdir(root)).sort(), ['.staging', 'format.json'])
  assert.equal(await store.commit(staged, 'models/m/1', { step: 5 }), true)
  assert.deepEqual(await readdir(join(root, '.staging')), [])
  const committed = await store.readManifest<{ step: number }>('models/m/1')
  assert.deepEqual(committed?.manifest, { step: 5 })
  const { files } = committed
  assert.deepEqual(
    files.map(({ name, bytes }) => [name, bytes]),
    [
      ['graph.pb', 5],
      ['variables/data-00000-of-00001', 3_000_000],
    ],
  )
  assert.equal(files[0]!.sha256, 'eef93e1d14482804277fca0172464032d1a4fdbcc338524059fa1e861454ad4d')
  assert.equal(await store.verify('models/m/1'), true)
  assert.equal(await readFile(join(await store.folder('models/m/1'), 'graph.pb'), 'utf8'), 'graph')
})

test('exactly one of 10 concurrent commits to a key wins, and no staged folder is left', async t => {
  const { root, store } = await openTempStore(t)
  const staged = await Promise.all(Array.from({ length: 10 }, () => stageModel(store)))
  const wins = await Promise.all(staged.map((folder, n) => store.commit(folder, 'm/1', { n })))
  assert.equal(wins.filter(Boolean).length, 1)
  const manifest = await store.readJson<{ n: number }>('m/1/manifest.json')
  assert.equal(manifest?.n, wins.indexOf(true))
  assert.deepEqual(await readdir(join(root, '.staging')), [])
})

test('a folder that contains a link cannot be committed', async t => {
  const { store } = await openTempStore(t)
  const staged = await store.stage()
  await symlink('/etc/passwd', join(staged, 'graph.pb'))
  await assert.rejects(store.commit(staged, 'm/1', {}), /neither file nor folder/)
  assert.equal(await store.readJson('m/1/manifest.json'), null)
})

test('verify detects every changed byte of the manifest, and missing, truncated or altered files', async t => {
  const { root, store } = await openTempStore(t)
  const staged = await store.stage()
  await writeFile(join(staged, 'weights'), 'abc')
  await store.commit(staged, 'c/1', { step: 5, nested: { a: [1, 2.5, null] } })
  const path = join(root, 'c/1/manifest.json')
  const original = await readFile(path)
  for (let at = 0; at < original.length; at++) {
    const flipped = Buffer.from(original)
    flipped[at]! ^= 1
    await writeFile(path, flipped)
    assert.equal(await store.verify('c/1'), false, `byte ${at}`)
  }
  await writeFile(path, original)
  assert.equal(await store.verify('c/1'), true)

  const weights = join(root, 'c/1/weights')
  for (const content of ['abd', 'ab', 'abcd', '']) {
    await writeFile(weights, content)
    assert.equal(await store.verify('c/1'), false, content)
  }
  await rm(weights)
  assert.equal(await store.verify('c/1'), false)
  assert.equal(await store.verify('c/2'), false)
})

test('readManifest returns an intact manifest only', async t => {
  const { root, store } = await openTempStore(t)
  assert.equal(await store.readManifest('c/1'), null)
  await store.commit(await store.stage(), 'c/1', { step: 5 })
  assert.deepEqual(await store.readManifest('c/1'), { manifest: { step: 5 }, files: [] })
  const path = join(root, 'c/1/manifest.json')
  await writeFile(path, (await readFile(path, 'utf8')).replace('"step": 5', '"step": 66'))
  await assert.rejects(store.readManifest('c/1'), /c\/1\/manifest.json does not match its checksum/)
  await truncate(path, 10)
  await assert.rejects(store.readManifest('c/1'), hasCode('DAMAGED'))
})

test('openFolderStore removes staged folders older than a day and keeps younger ones', async t => {
  const { root, store } = await openTempStore(t)
  const old = await stageModel(store)
  const young = await stageModel(store)
  const twoDaysAgo = Date.now() / 1000 - 2 * 86_400
  await utimes(old, twoDaysAgo, twoDaysAgo)
  await openFolderStore(root)
  assert.equal(existsSync(old), false)
  assert.equal(existsSync(young), true)
})

test('remove deletes a key with everything below it, and the key can be created again', async t => {
  const { root, store } = await openTempStore(t)
  await store.commit(await stageModel(store), 'm/1', {})
  await store.remove('m/1')
  await store.remove('m/1')
  assert.deepEqual(await store.list('m'), [])
  assert.deepEqual(await readdir(join(root, '.staging')), [])
  assert.equal(await store.commit(await stageModel(store), 'm/1', {}), true)
})

test('a commit replaces what is damaged, and leaves what is intact', async t => {
  const { root, store } = await openTempStore(t)
  await mkdir(join(root, 'm/1'), { recursive: true })
  await writeFile(join(root, 'm/1/foreign'), '')
  assert.equal(await store.commit(await stageModel(store), 'm/1', { n: 1 }), true)
  assert.equal(await store.commit(await stageModel(store), 'm/1', { n: 2 }), false)
  await truncate(join(root, 'm/1/graph.pb'), 2)
  assert.equal(await store.commit(await stageModel(store), 'm/1', { n: 3 }), true)
  assert.deepEqual((await store.readManifest<{ n: number }>('m/1'))?.manifest, { n: 3 })
  assert.equal(await store.verify('m/1'), true)
})

test('concurrent appends to a log do not mix, and a log can be read from any offset', async t => {
  const { store } = await openTempStore(t)
  assert.equal((await store.readFrom('jobs/a/log.ndjson', 0)).length, 0)
  await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      store.append('jobs/a/log.ndjson', `${JSON.stringify({ n, padding: 'x'.repeat(500) })}\n`),
    ),
  )
  const all = await store.readFrom('jobs/a/log.ndjson', 0)
  const rows = all
    .toString()
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).n as number)
  assert.deepEqual(
    rows.sort((a, b) => a - b),
    [...Array(100).keys()],
  )
  const tail = await store.readFrom('jobs/a/log.ndjson', all.length - 10)
  assert.deepEqual(tail, all.subarray(-10))
  assert.equal((await store.readFrom('jobs/a/log.ndjson', all.length + 10)).length, 0)
})

test('a full disk is reported as STORAGE_FULL', { skip: !existsSync('/dev/full') }, async t => {
  const { root, store } = await openTempStore(t)
  await symlink('/dev/full', join(root, 'log.ndjson'))
  await assert.rejects(store.append('log.ndjson', 'x'), (error: unknown) => {
    assert.ok(error instanceof TrainyardError)
    assert.equal(error.code, 'STORAGE_FULL')
    assert.equal(error.kind, 'unavailable')
    assert.equal((error.cause as NodeJS.ErrnoException).code, 'ENOSPC')
    return true
  })
})

test('disk errors become STORAGE_FAILED, and other errors stay unchanged', () => {
  const broken = Object.assign(new Error('i/o error'), { code: 'EIO' })
  const translated = toStorageError(broken)
  assert.ok(translated instanceof TrainyardError)
  assert.deepEqual([translated.code, translated.kind], ['STORAGE_FAILED', 'unavailable'])
  assert.equal(translated.cause, broken)
  const bug = new TypeError('x is not a function')
  assert.equal(toStorageError(bug), bug)
})
