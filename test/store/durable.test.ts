import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { syncUpTo } from '../../src/store/durable.js'

test('folders that many flush at once are flushed for each of them', async t => {
  const root = await mkdtemp(join(tmpdir(), 'trainyard-durable-'))
  t.after(() => rm(root, { recursive: true }))
  const folders = Array.from({ length: 30 }, (_, i) => join(root, 'jobs', String(i)))
  for (const folder of folders) await mkdir(folder, { recursive: true })
  await Promise.all(folders.flatMap(folder => [syncUpTo(root, folder), syncUpTo(root, folder)]))
  // again, behind one that is under way
  const first = syncUpTo(root, folders[0]!)
  await Promise.all([first, syncUpTo(root, folders[1]!), first.then(() => syncUpTo(root, root))])
})

test('a flush that fails fails for those who waited for it, and for nobody later', async t => {
  const root = await mkdtemp(join(tmpdir(), 'trainyard-durable-'))
  t.after(() => rm(root, { recursive: true }))
  const folder = join(root, 'late')
  const results = await Promise.allSettled([syncUpTo(root, folder), syncUpTo(root, folder)])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  await mkdir(folder)
  await syncUpTo(root, folder)
})
