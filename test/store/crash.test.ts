import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, utimes } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { openFolderStore } from '../../src/store/folder-store.js'
import { sweepStaging } from '../../src/store/staging.js'
import { tempFolder } from '../../testing/temp-folder.js'

test('after a process is killed, commits are complete and acknowledged commits exist', async t => {
  const root = await tempFolder(t)
  for (let round = 0; round < 8; round++) {
    const script = join(import.meta.dirname, 'committer.js')
    const child = spawn(process.execPath, [script, root, String(round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await wait(3 * round)
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const store = await openFolderStore(root)
  assert.deepEqual(await readdir(join(root, '.staging')), [])
  const commits = await store.list('checkpoints')
  for (const name of commits) assert.ok(await store.verify(`checkpoints/${name}`), name)
  for (const name of await store.list('acknowledged')) {
    assert.ok(commits.includes(name.replace('.json', '')), name)
    assert.ok(await store.readJson(`acknowledged/${name}`))
  }
  assert.deepEqual((await readdir(root)).sort(), [
    '.staging',
    'acknowledged',
    'checkpoints',
    'format.json',
  ])
})

test('a sweep keeps the staged folders of running processes and of other hosts', async t => {
  const root = await tempFolder(t)
  const store = await openFolderStore(root)
  const ours = await store.stage()
  const theirs = join(root, '.staging', '000000000000-1-1-2f1d3c5e-0000-4000-8000-000000000000')
  await mkdir(theirs)
  const old = join(root, '.staging', '000000000000-1-1-2f1d3c5e-0000-4000-8000-000000000001')
  await mkdir(old)
  const twoDaysAgo = new Date(Date.now() - 2 * 24 * 3600 * 1000)
  await utimes(old, twoDaysAgo, twoDaysAgo)

  const child = spawn(process.execPath, [join(import.meta.dirname, 'committer.js'), root, 'x'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  child.kill('SIGSTOP')
  await openFolderStore(root)
  const kept = (await readdir(join(root, '.staging'))).filter(name => !theirs.endsWith(name))
  assert.ok(kept.includes(basename(ours)))
  child.kill('SIGKILL')
  await once(child, 'exit')
  await sweepStaging(root)
  assert.deepEqual(
    (await readdir(join(root, '.staging'))).sort(),
    [basename(ours), basename(theirs)].sort(),
  )
})
