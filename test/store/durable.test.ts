import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readlink, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Disk, disk } from '../../src/store/disk.js'
import { syncUpTo } from '../../src/store/durable.js'
import { tempFolder } from '../../testing/temp-folder.js'

test('concurrent callers share flushes, and every folder is flushed', async t => {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'trainyard-durable-')))
  t.after(() => rm(root, { recursive: true }))
  const flushed: string[] = []
  const recordingDisk: Disk = {
    ...disk,
    async sync(handle) {
      flushed.push(await readlink(`/proc/self/fd/${handle.fd}`))
      await disk.sync(handle)
    },
  }
  const folders = Array.from({ length: 30 }, (_, i) => join(root, 'jobs', String(i)))
  for (const folder of folders) await mkdir(folder, { recursive: true })
  await Promise.all(
    folders.flatMap(folder => [
      syncUpTo(recordingDisk, root, folder),
      syncUpTo(recordingDisk, root, folder),
    ]),
  )
  assert.deepEqual(new Set(flushed), new Set([root, join(root, 'jobs'), ...folders]))
  assert.ok(flushed.length < 60 * 3, 'the callers shared no flush')
  // A call during a flush needs another flush.
  flushed.length = 0
  const first = syncUpTo(recordingDisk, root, folders[0]!)
  await Promise.all([
    first,
    syncUpTo(recordingDisk, root, folders[1]!),
    first.then(() => syncUpTo(recordingDisk, root, root)),
  ])
  assert.ok(flushed.filter(path => path === root).length >= 2, 'the later call was not flushed')
})

test('a failed flush rejects the calls that waited for it, but no later call', async t => {
  const root = await tempFolder(t)
  const folder = join(root, 'late')
  const results = await Promise.allSettled([
    syncUpTo(disk, root, folder),
    syncUpTo(disk, root, folder),
  ])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  await mkdir(folder)
  await syncUpTo(disk, root, folder)
})
