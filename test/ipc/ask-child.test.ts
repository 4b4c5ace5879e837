import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { TrainyardError } from '../../src/errors.js'
import { askChild, type ChildOptions } from '../../src/ipc/ask-child.js'
import { ChildExitError } from '../../src/ipc/child-errors.js'
import type { ChildTask } from './child.js'

interface ChildReport {
  pid: number
  data?: Float32Array
  flags?: string[]
  secret?: string
}

const linuxOnly = { skip: process.platform !== 'linux' && 'only Linux has /proc' }
const script = join(import.meta.dirname, 'child.js')

const ask = (task: ChildTask, options: Partial<ChildOptions> = {}) =>
  askChild<ChildTask, ChildReport>(task, {
    name: 'test child',
    script,
    env: {},
    stderr: 'ignore',
    ...options,
  })

test('a child gets the task, its environment and its flags, and returns its answer', async () => {
  const answer = await ask(
    { behavior: 'echo', data: Float32Array.of(1, Number.NaN) },
    { env: { SECRET: 'x' }, execArgv: ['--max-old-space-size=100'] },
  )
  assert.deepEqual(answer.data, Float32Array.of(1, Number.NaN))
  assert.deepEqual(answer.flags, ['--max-old-space-size=100'])
  assert.equal(answer.secret, 'x')
})

test('when the answer comes, the child has ended', async () => {
  const { pid } = await ask({ behavior: 'echo' })
  assert.equal(existsSync(`/proc/${pid}`), false)
})

test('a large answer arrives complete', async () => {
  const { data } = await ask({ behavior: 'largeAnswer' })
  assert.equal(data?.length, 4_000_000)
  assert.equal(data?.at(-1), 5)
})

test('warnings of the child reach the parent, but not those of Node itself', async () => {
  const warnings: string[] = []
  await ask({ behavior: 'warn' }, { onWarning: message => warnings.push(message) })
  assert.deepEqual(warnings, ['it is slow'])
})

test('askChild throws the error of the child, with its class and cause', async () => {
  await assert.rejects(ask({ behavior: 'fail' }), (error: unknown) => {
    assert.ok(error instanceof TrainyardError)
    assert.deepEqual(
      [error.code, error.kind, error.message],
      ['DATASET_ROW', 'invalid', 'row 5 is wrong'],
    )
    assert.equal((error.cause as Error).message, 'the cause')
    return true
  })
  await assert.rejects(ask({ behavior: 'bug' }), (error: unknown) => {
    assert.ok(error instanceof Error && !(error instanceof TrainyardError))
    assert.equal(error.name, 'TypeError')
    assert.match(error.stack!, /test\/ipc\/child/)
    return true
  })
})

test('a child that ends without an answer is an error with its exit code or signal', async () => {
  await assert.rejects(ask({ behavior: 'exit' }), (error: unknown) => {
    assert.ok(error instanceof ChildExitError)
    assert.deepEqual([error.exitCode, error.signal], [7, null])
    assert.equal(error.message, 'the test child ended with exit code 7')
    return true
  })
  await assert.rejects(ask({ behavior: 'abort' }), { name: 'ChildExitError', signal: 'SIGABRT' })
})

test('a child that exceeds its time limit is killed', async () => {
  await assert.rejects(ask({ behavior: 'hang' }, { timeoutMs: 1000 }), {
    name: 'ChildKilledError',
    reason: 'timeout',
    message: 'the test child gave no answer within 1000 ms',
  })
})

test('a child that is stopped by a signal is killed', linuxOnly, async () => {
  await assert.rejects(ask({ behavior: 'stop' }), {
    name: 'ChildKilledError',
    reason: 'stopped',
    message: 'the test child was stopped (SIGSTOP) for 1000 ms',
  })
})

test('a script that does not exist is an error', async () => {
  await assert.rejects(ask({ behavior: 'echo' }, { script: '/nowhere/child.js' }), {
    name: 'ChildExitError',
    exitCode: 1,
  })
})
