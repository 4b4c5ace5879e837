import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { killIfSilent } from '../../src/ipc/health-check.js'
import { within } from '../../testing/eventually.js'
import { tempFolder } from '../../testing/temp-folder.js'

const maxSilentMs = 1500
const module = new URL('../../src/ipc/health-check.js', import.meta.url)

/** Starts a child that answers pings and then runs `code`, and watches it. */
async function watch(t: TestContext, code: string) {
  const script = join(await tempFolder(t), 'child.mjs')
  await writeFile(
    script,
    `import { answerPings } from '${module}'
    answerPings(silent => process.send({ type: silent ? 'parentSilent' : 'parentBack' }))
    ${code}`,
  )
  const child = fork(script, { execArgv: [] })
  t.after(() => child.kill('SIGKILL'))
  const kills: number[] = []
  killIfSilent(child, maxSilentMs, silentMs => kills.push(silentMs))
  return { child, kills }
}

test('a child in an endless loop is killed, and its parent is told once', async t => {
  const { child, kills } = await watch(t, 'setTimeout(() => { for (;;); }, 2000)')
  const [, signal] = await within('the child to end', once(child, 'exit'))
  assert.equal(signal, 'SIGKILL')
  assert.equal(kills.length, 1)
  assert.ok(kills[0]! > maxSilentMs)
})

test('a child that is slow to start, or busy for less than the limit at a time, is left alone', async t => {
  const block = 'const until = Date.now() + 1000; while (Date.now() < until);'
  const busy = await watch(t, `setInterval(() => { ${block} }, 1100)`)
  const late = await watch(t, 'const until = Date.now() + 3000; while (Date.now() < until);')
  await sleep(6000)
  assert.deepEqual([...busy.kills, ...late.kills], [])
})

test('a pause of the parent does not count against a child, and the child notices it', async t => {
  const { child, kills } = await watch(t, 'process.send({ type: "started" })')
  await within('the start', once(child, 'message'))
  await sleep(1000)
  const messages: string[] = []
  child.on('message', ({ type }: { type: string }) => messages.push(type))
  // as if this process were stopped
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 8000)
  await sleep(2000)
  assert.deepEqual(kills, [])
  const told = messages.filter(type => type.startsWith('parent'))
  assert.deepEqual(told, ['parentSilent', 'parentBack'])
})
