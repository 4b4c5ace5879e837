import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { TrainyardError } from '../../src/errors.js'
import { DiskSpace } from '../../src/store/disk-space.js'
import { diskWithFailpoints, type Failpoint } from '../../src/store/failpoints.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { eventually } from '../../testing/eventually.js'
import { cannotMount, mountSmallDisk } from '../../testing/small-disk.js'
import { tempFolder } from '../../testing/temp-folder.js'

const isFull = (error: unknown) => error instanceof TrainyardError && error.code === 'STORAGE_FULL'

test('a full disk is a problem until there is room again', async t => {
  const small = await mountSmallDisk(t, { megabytes: 8 })
  if (!small) return t.skip(cannotMount)
  const store = await openFolderStore(small.folder)
  const space = new DiskSpace(small.folder)
  const changes: (string | null)[] = []
  t.after(space.watch(problem => changes.push(problem), 50))
  const before = await space.status()
  assert.deepEqual([before.problem, before.totalBytes], [null, 8 * 2 ** 20])

  await small.fill()
  await eventually('the disk to be full', async () => (await space.status()).problem)
  assert.deepEqual(await space.status(), {
    freeBytes: 0,
    totalBytes: 8 * 2 ** 20,
    problem: 'the disk of the data folder is full (0 MB free)',
  })
  await assert.rejects(store.createJson<object>('jobs/one/manifest', { a: 1 }), isFull)
  assert.deepEqual(await store.list('jobs'), [], 'nothing half written')
  assert.deepEqual(await readdir(join(small.folder, '.staging')), [])

  // a watcher that looks only before and after sees no change
  await eventually('the full disk to be reported', () => changes.length === 1)
  await small.empty()
  await eventually('the problem to end', async () => (await space.status()).problem === null)
  await eventually('its end to be reported', () => changes.length === 2)
  assert.deepEqual(changes, ['the disk of the data folder is full (0 MB free)', null])
})

test('a disk without room for a further file is full', async t => {
  const small = await mountSmallDisk(t, { megabytes: 8, files: 64 })
  if (!small) return t.skip(cannotMount)
  for (let i = 0; i < 40; i++) await writeFile(join(small.folder, `file-${i}`), '')
  const { problem } = await new DiskSpace(small.folder).status()
  assert.match(problem ?? '', /^the disk of the data folder is full \(\d+ files free\)$/)
})

test('a data folder that is gone is a problem', async t => {
  const { problem } = await new DiskSpace(join(await tempFolder(t), 'gone')).status()
  assert.equal(problem, 'the disk of the data folder does not answer (ENOENT)')
})

const failures: [Failpoint['error'], string][] = [
  ['ENOSPC', 'the disk of the data folder is full (ENOSPC)'],
  ['EDQUOT', 'the disk of the data folder is full (EDQUOT)'],
  ['EROFS', 'the disk of the data folder fails (EROFS)'],
  ['EIO', 'the disk of the data folder fails (EIO)'],
]
for (const [error, problem] of failures) {
  test(`a write that fails with ${error} is a problem until a write succeeds`, async t => {
    const folder = await tempFolder(t)
    const control = join(folder, 'failpoints.json')
    const disk = diskWithFailpoints(control, 'worker')
    const store = await openFolderStore(join(folder, 'data'), disk)
    const space = new DiskSpace(join(folder, 'data'), disk)
    assert.equal((await space.status()).problem, null)
    const failpoint: Failpoint = { process: 'worker', error, when: 'before', probability: 1 }
    await writeFile(control, JSON.stringify([failpoint]))
    await assert.rejects(store.createJson<object>('a', {}))
    await eventually('the problem', async () => (await space.status()).problem === problem)
    await writeFile(control, '[]')
    await eventually('the end', async () => (await space.status()).problem === null)
  })
}

test('an append of which only a part fits is taken back', async t => {
  const folder = await tempFolder(t)
  const control = join(folder, 'failpoints.json')
  const disk = diskWithFailpoints(control, 'worker')
  const store = await openFolderStore(join(folder, 'data'), disk)
  await store.append('log', 'first\n')
  const failpoint: Failpoint = {
    process: 'worker',
    error: 'ENOSPC',
    when: 'within',
    probability: 1,
  }
  await writeFile(control, JSON.stringify([failpoint]))
  await assert.rejects(store.append('log', 'second\n'), isFull)
  await writeFile(control, '[]')
  await store.append('log', 'third\n')
  assert.equal(await readFile(join(folder, 'data', 'log'), 'utf8'), 'first\nthird\n')
})
