import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { openFolderStore } from '../../src/store/folder-store.js'

test('whenever a process is killed, what is visible is whole and what was answered is there', async t => {
  const root = await mkdtemp(join(tmpdir(), 'trainyard-crash-'))
  t.after(() => rm(root, { recursive: true }))
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
  const commits = await store.list('checkpoints')
  for (const name of commits) assert.ok(await store.verify(`checkpoints/${name}`), name)
  for (const name of await store.list('acknowledged')) {
    assert.ok(commits.includes(name.replace('.json', '')), name)
    assert.ok(await store.readJson(`acknowledged/${name}`))
  }
  assert.deepEqual((await readdir(root)).sort(), ['.staging', 'acknowledged', 'checkpoints'])
})
