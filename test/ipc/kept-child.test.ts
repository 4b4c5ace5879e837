import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ChildExitError, ChildKilledError } from '../../src/ipc/child-errors.js'
import { ChildBusyError, KeptChild, type KeptChildOptions } from '../../src/ipc/kept-child.js'
import { eventually } from '../../testing/eventually.js'
import type { KeptTask } from './kept-child-script.js'

function keep(
  t: { after(work: () => Promise<void>): void },
  options: Partial<KeptChildOptions> = {},
) {
  const child = new KeptChild<KeptTask, number>({
    name: 'test child',
    script: join(import.meta.dirname, 'kept-child-script.js'),
    env: {},
    timeoutMs: 60_000,
    idleMs: 60_000,
    maxWaiting: 3,
    ...options,
  })
  t.after(() => child.close())
  return child
}

test('one child answers all tasks, one after the other, and its errors', async t => {
  const child = keep(t)
  const pids = await Promise.all([1, 2, 3].map(() => child.ask({ behavior: 'pid' })))
  assert.deepEqual(pids, [child.pid, child.pid, child.pid])
  await assert.rejects(child.ask({ behavior: 'fail' }), /the task is wrong/)
  assert.equal(await child.ask({ behavior: 'pid' }), pids[0])
})

test('a child that ends fails its own task, and the next one gets another child', async t => {
  const child = keep(t)
  const first = await child.ask({ behavior: 'pid' })
  const [died, next] = await Promise.allSettled([
    child.ask({ behavior: 'exit' }),
    child.ask({ behavior: 'pid' }),
  ])
  assert.ok(died.status === 'rejected' && died.reason instanceof ChildExitError)
  assert.ok(next.status === 'fulfilled' && next.value !== first)
})

test('a task that takes too long is ended', async t => {
  const child = keep(t, { timeoutMs: 1500 })
  await assert.rejects(child.ask({ behavior: 'hang' }), (error: unknown) => {
    assert.ok(error instanceof ChildKilledError)
    assert.equal(error.reason, 'timeout')
    return true
  })
  assert.equal(typeof (await child.ask({ behavior: 'pid' })), 'number')
})

test('more tasks than may wait are refused, and those whose caller gave up are dropped', async t => {
  const child = keep(t)
  const gone = new AbortController()
  const tasks = [
    child.ask({ behavior: 'pid' }),
    child.ask({ behavior: 'exit' }, gone.signal),
    child.ask({ behavior: 'pid' }),
    child.ask({ behavior: 'pid' }),
  ]
  gone.abort()
  await assert.rejects(child.ask({ behavior: 'pid' }), ChildBusyError)
  const [first, dropped, ...others] = await Promise.allSettled(tasks)
  assert.ok(dropped?.status === 'rejected' && dropped.reason instanceof ChildKilledError)
  assert.deepEqual(others, [first, first])
})

test('a child without tasks ends by itself', async t => {
  const child = keep(t, { idleMs: 20 })
  const pid = await child.ask({ behavior: 'pid' })
  await eventually('the end of the child', () => !existsSync(`/proc/${pid}`))
  assert.notEqual(await child.ask({ behavior: 'pid' }), pid)
})
