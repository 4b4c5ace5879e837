import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openPlanner, type PlannerOptions } from '../../src/planning/dry-run-process.js'
import { planNetworkJob } from '../../src/planning/plan.js'
import { digitsManifest } from '../../testing/digits-manifest.js'
import { eventually } from '../../testing/eventually.js'
import { findDescendants } from '../../testing/processes.js'

const dataset = digitsManifest()
const script = 'planner-child.js'
const linuxOnly = { skip: process.platform !== 'linux' && 'only Linux has /proc' }

function start(options: Partial<PlannerOptions> = {}) {
  const planner = openPlanner({ script: join(import.meta.dirname, script), env: {}, ...options })
  return (name: string, signal?: AbortSignal) => {
    const request = { name, dataset: 'd', model: { kind: 'resnet', depth: 1001 } } as const
    const identity = { id: 'job-x', createdAt: '' }
    const job = planNetworkJob(identity, request, dataset, null)
    return planner({ job, dataset, records: { training: 9, validation: 0 } }, signal)
  }
}

const tooLarge = (limit: RegExp) => (error: Error & { code: string; errors: object[] }) => {
  assert.equal(error.code, 'INVALID_JOB')
  assert.match(error.message, /the graph of a resnet with depth 1001 cannot be built within/)
  assert.match(error.message, limit)
  assert.match(error.message, /lower model\.depth/)
  assert.deepEqual(
    error.errors.map(each => ({ ...each, message: '' })),
    [{ path: '/model/depth', code: 'cannot_be_built', message: '' }],
  )
  return true
}

test('a network that takes too long to plan is refused, with the field to change', async () => {
  await assert.rejects(start({ timeoutMs: 4000, fairCpuMs: 100 })('busy'), tooLarge(/4 s/))
})

test('a network that takes too much memory to plan is refused', async () => {
  await assert.rejects(start({ maxHeapMiB: 32 })('fill'), tooLarge(/32 MiB of memory/))
})

test(
  'if the planner gets no turn, is stopped or killed, the dry run may be repeated',
  linuxOnly,
  async () => {
    for (const [name, message] of [
      ['idle', /gave no answer within 1500 ms; try again/],
      ['stopped', /was stopped \(SIGSTOP\) for 1000 ms; try again/],
      ['killed', /ended with SIGKILL; try again/],
    ] as const) {
      const plan = start({ timeoutMs: name === 'idle' ? 1500 : 60_000, fairCpuMs: 5000 })
      await assert.rejects(plan(name), { code: 'PLANNER_KILLED', kind: 'unavailable', message })
      assert.equal((await plan('quick')).parameters, 5)
    }
  },
)

test(
  'dry runs over the limit wait, and those over the limit of waiting ones are refused',
  linuxOnly,
  async () => {
    const plan = start({ maxConcurrent: 1, maxWaiting: 1 })
    const [first, second] = [new AbortController(), new AbortController()]
    const running = plan('idle', first.signal)
    const waiting = plan('idle', second.signal)
    await assert.rejects(plan('quick'), { code: 'PLANNER_BUSY', message: /^2 dry runs/ })
    const planners = () => findDescendants(process.pid, script)
    await eventually('the first planner', async () => (await planners()).length === 1)

    // a client that has gone frees its planner or its place
    second.abort()
    first.abort()
    for (const aborted of [running, waiting]) {
      await assert.rejects(aborted, {
        code: 'PLANNER_KILLED',
        message: /the caller of the planner gave up/,
      })
    }
    assert.deepEqual(await planners(), [])
    assert.equal((await plan('quick')).stepBytes, 7)
  },
)
