import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  diskWithFailpoints,
  type Failpoint,
  type FailpointSite,
  instrumentDisk,
} from '../../src/store/failpoints.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { operations } from './operations.js'

/** Resolves to all failpoints that an operation passes, in order. */
async function pointsOf(name: string, root: string): Promise<FailpointSite[]> {
  const { before, run } = operations[name]!
  const plain = await openFolderStore(root)
  await before?.(plain)
  const points: FailpointSite[] = []
  const disk = instrumentDisk(point => points.push(point))
  const store = await openFolderStore(root, disk)
  points.length = 0
  await run(store)
  return points
}

for (const [name, { before, run, observe, allowed }] of Object.entries(operations)) {
  test(`${name}: if killed at any point, its result is complete or absent, and the next try succeeds`, async t => {
    const root = await tempFolder(t)
    const points = await pointsOf(name, join(root, 'reference'))
    assert.ok(points.length >= 6, `only ${points.length} points`)
    const states = new Set<string>()
    for (const [i, point] of points.entries()) {
      const folder = join(root, String(i + 1))
      const store = await openFolderStore(folder)
      await before?.(store)
      const script = join(import.meta.dirname, 'kill-at-point.js')
      const child = spawn(process.execPath, [script, folder, name, String(i + 1)], {
        stdio: ['ignore', 'inherit', 'inherit'],
      })
      const [, signal] = await once(child, 'exit')
      const context = `killed ${point.when} ${point.operation} (point ${i + 1} of ${points.length})`
      assert.equal(signal, 'SIGKILL', context)
      const state = await observe(store)
      assert.ok((allowed as readonly string[]).includes(state), `${context}: ${state}`)
      states.add(state)
      await run(store)
      assert.equal(await observe(store), 'new', context)
    }
    assert.deepEqual([...states].sort(), [...allowed].sort(), 'not every allowed state was seen')
  })

  test(`${name}: after an error at any point, its result is complete or absent, and the next try succeeds`, async t => {
    const root = await tempFolder(t)
    const points = await pointsOf(name, join(root, 'reference'))
    for (const [i, point] of points.entries()) {
      const folder = join(root, String(i + 1))
      const store = await openFolderStore(folder)
      await before?.(store)
      let passed = Number.NEGATIVE_INFINITY
      const disk = instrumentDisk(() => {
        if (++passed !== i + 1) return
        throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
      })
      const failing = await openFolderStore(folder, disk)
      passed = 0
      const context = `an error ${point.when} ${point.operation} (point ${i + 1})`
      await assert.rejects(run(failing), { code: 'STORAGE_FULL' }, context)
      const state = await observe(store)
      assert.ok((allowed as readonly string[]).includes(state), `${context}: ${state}`)
      await run(store)
      assert.equal(await observe(store), 'new', context)
    }
  })
}

test('the control file switches errors on and off for one kind of process', async t => {
  const root = await tempFolder(t)
  const control = join(root, 'failpoints.json')
  const api = await openFolderStore(join(root, 'data'), diskWithFailpoints(control, 'api'))
  const worker = await openFolderStore(join(root, 'data'), diskWithFailpoints(control, 'worker'))
  assert.equal(await api.createJson<unknown>('a', 1), true)

  const failpoint: Failpoint = { process: 'api', error: 'EIO', when: 'within', probability: 1 }
  await writeFile(control, JSON.stringify([failpoint]))
  await assert.rejects(api.createJson<unknown>('b', 1), { code: 'STORAGE_FAILED' })
  assert.equal(await worker.createJson<unknown>('b', 1), true)

  await writeFile(control, '[]')
  assert.equal(await api.createJson<unknown>('c', 1), true)
})

test('the store changes files only through disk.ts, so every change has failpoints', async () => {
  const changing =
    /\b(appendFile|copyFile|cp|link|mkdir|rename|symlink|truncate|unlink|utimes|writeFile)\b/
  const folder = join(import.meta.dirname, '..', '..', '..', 'src', 'store')
  // What a bucket has is changed by requests: s3-faults.test.ts. Its files on the disk are copies.
  const entries = await readdir(folder, { withFileTypes: true })
  for (const { name } of entries.filter(entry => entry.isFile())) {
    // Staged files need no failpoints: nothing depends on them yet. The data folder itself is made before the store.
    // A backup only reads the data folder.
    if (['disk.ts', 'staging.ts', 'private-folder.ts', 'backup.ts'].includes(name)) continue
    const text = await readFile(join(folder, name), 'utf8')
    for (const [, names] of text.matchAll(/import \{([^}]*)\} from 'node:fs(?:\/promises)?'/g)) {
      assert.doesNotMatch(names!, changing, `${name} bypasses disk.ts`)
    }
  }
})
