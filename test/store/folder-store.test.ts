import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
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

test('a file in the place of a folder is damage', async t => {
  const { store } = await openTempStore(t)
  await store.createJson<unknown>('jobs/a/spec.json', { n: 1 })
  await assert.rejects(store.readJson('jobs/a/spec.json/below'), hasCode('DAMAGED'))
})

test('an incomplete JSON file is an error, not a missing key', async t => {
  const { root, store } = await openTempStore(t)
  await store.createJson<unknown>('a.json', { n: 1 })
  await truncate(join(root, 'a.json'), 4)
  await assert.rejects(store.readJson('a.json'), hasCode('DAMAGED'))
})

async function stageModel(store: Awaited<ReturnType<typeof openFolderStore>>) {
  const staged = await store.stage()
  await mkdir(join(staged, 'variables', 'empty'), { recursive: true })
  await writeFile(join(staged, 'graph.pb'), 'graph')
  await writeFile(join(staged, 'variables', 'data-00000-of-00001'), Buffer.alloc(3_000_000, 7))
  return staged
}

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
