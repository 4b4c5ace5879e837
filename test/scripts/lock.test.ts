import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { importScript, spawnScript, waitForOutput } from './scripts.js'

let folder: string
let lock: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-lock-'))
  lock = join(folder, 'setup.lock')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('set-ups that start at the same time run one after the other', async () => {
  const log = join(folder, 'log')
  const startSetup = () =>
    spawnScript(
      `const { withLock } = await script('setup/lock.mjs')
       const { appendFileSync } = await import('node:fs')
       const { setTimeout: sleep } = await import('node:timers/promises')
       await withLock(${JSON.stringify(lock)}, async () => {
         appendFileSync(${JSON.stringify(log)}, 'in ')
         await sleep(100)
         appendFileSync(${JSON.stringify(log)}, 'out ')
       })`,
    )
  const ends = await Promise.all([startSetup(), startSetup(), startSetup()].map(waitForOutput))
  assert.deepEqual(
    ends.map(({ status }) => status),
    [0, 0, 0],
  )
  assert.equal(readFileSync(log, 'utf8').trim(), 'in out in out in out')
  assert.ok(!existsSync(lock))
})

test('the lock of a killed set-up is taken over', async () => {
  const holder = spawnScript(
    `const { withLock } = await script('setup/lock.mjs')
     await withLock(${JSON.stringify(lock)}, () => {
       console.log('held')
       return new Promise(() => {})
     })`,
  )
  await once(holder.stdout!, 'data')
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  assert.ok(existsSync(lock))
  const { withLock } = await importScript('setup/lock.mjs')
  assert.equal(await withLock(lock, async () => 'mine'), 'mine')
})

test('a stale lock of another host is taken over', async () => {
  writeFileSync(lock, '1 another-machine')
  utimesSync(lock, new Date(0), new Date(0))
  const { withLock } = await importScript('setup/lock.mjs')
  assert.equal(await withLock(lock, async () => 'mine'), 'mine')
})

test('release does not remove the lock of another process', async () => {
  writeFileSync(lock, '1 another-machine')
  const { release } = await importScript('setup/lock.mjs')
  release(lock)
  assert.ok(existsSync(lock))
})
