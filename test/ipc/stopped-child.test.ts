import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { killIfStopped, maxStoppedMs } from '../../src/ipc/stopped-child.js'
import { isAlive, readStat } from '../../src/processes.js'
import { eventually, within } from '../../testing/eventually.js'

const linuxOnly = { skip: process.platform !== 'linux' && 'only Linux has /proc' }

function watch(t: TestContext, command: string, args: string[]) {
  const child = spawn(command, args, { stdio: 'ignore' })
  t.after(() => child.kill('SIGKILL'))
  let kills = 0
  killIfStopped(child, () => kills++)
  return { child, kills: () => kills }
}

const signalOf = async (child: ChildProcess) => {
  const [, signal] = await within('the child to end', once(child, 'exit'))
  return signal
}

test(
  'a child that is stopped is killed within seconds, and its parent is told once',
  linuxOnly,
  async t => {
    const { child, kills } = watch(t, 'sleep', ['1000'])
    const ended = signalOf(child)
    const stoppedAt = performance.now()
    // not SIGTSTP, which does not stop the processes of a script in the background
    child.kill('SIGSTOP')
    assert.equal(await ended, 'SIGKILL')
    const afterMs = performance.now() - stoppedAt
    t.diagnostic(`killed ${Math.round(afterMs)} ms after SIGSTOP`)
    assert.equal(kills(), 1)
  },
)

test(
  'a child is left alone that continues, sleeps, or works without an answer',
  linuxOnly,
  async t => {
    const continued = watch(t, 'sleep', ['1000'])
    const sleeping = watch(t, 'sleep', ['1000'])
    const working = watch(t, process.execPath, ['-e', 'for (;;);'])
    for (let pause = 0; pause < 3; pause++) {
      continued.child.kill('SIGSTOP')
      await eventually('the stop', () => readStat(continued.child.pid!)?.state === 'T')
      await sleep(maxStoppedMs / 4)
      continued.child.kill('SIGCONT')
      await sleep(maxStoppedMs / 2)
    }
    for (const { child, kills } of [continued, sleeping, working]) {
      assert.equal(kills(), 0)
      assert.ok(isAlive(readStat(child.pid!)))
    }
  },
)

test('a command that does not exist is not watched', async () => {
  const child = spawn('/nowhere/command')
  killIfStopped(child, () => assert.fail('killed a process that never was'))
  await once(child, 'error')
})
