import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { jobPaths } from '../../../src/jobs/record/job-paths.js'
import { Journal } from '../../../src/jobs/record/journal.js'
import {
  applyEntry,
  initialLifecycle,
  type JournalEntry,
  nextState,
} from '../../../src/jobs/record/lifecycle.js'
import {
  hints,
  type JobState,
  jobActions,
  publicStatus,
  transitions,
} from '../../../src/jobs/record/states.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import type { Store } from '../../../src/store/store.js'
import { mulberry32 } from '../../../testing/random.js'

let folder: string
let store: Store
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-states-'))
  store = await openFolderStore(folder)
})
after(() => rm(folder, { recursive: true, force: true }))

const at = '2026-01-01T00:00:00.000Z'
const result = (status: 'succeeded' | 'failed', attempt: number) => ({
  status,
  finishedAt: at,
  attempt,
  metrics: {},
  failure:
    status === 'failed' ? { code: 'nan_loss' as const, message: 'the loss became NaN' } : null,
  model: status === 'succeeded' ? { id: 'digits', version: 1 } : null,
})

const entry = {
  client: (event: (typeof jobActions)[number]): JournalEntry => ({ event, at }),
  start: (attempt: number): JournalEntry => ({ event: 'start', at, attempt }),
  stop: (attempt: number): JournalEntry => ({ event: 'stop', at, attempt }),
  succeed: (attempt: number): JournalEntry => ({
    event: 'succeed',
    at,
    attempt,
    result: result('succeeded', attempt),
  }),
  fail: (attempt: number): JournalEntry => ({
    event: 'fail',
    at,
    attempt,
    result: result('failed', attempt),
  }),
}

/** Seeded, so that a failure can be reproduced. */
function randomOf(seed: number) {
  const uniform = mulberry32(seed)
  return (below: number) => Math.floor(below * uniform())
}

test('every refused action has a hint, and no allowed action has one', () => {
  for (const [state, allowed] of Object.entries(transitions)) {
    if (state === 'removed') continue
    for (const verb of jobActions) {
      const cure = hints[state as JobState]?.[verb]
      assert.equal(cure === undefined, verb in allowed, `${verb} of a job that is ${state}`)
    }
  }
})

test('every unfinished job can be cancelled, and every state can be reached', () => {
  for (const state of ['queued', 'running', 'pausing', 'cancelling', 'paused'] as const) {
    assert.ok(transitions[state].cancel, state)
  }
  const reached = new Set<JobState>(['queued'])
  for (const state of reached) {
    for (const next of Object.values(transitions[state])) reached.add(next)
  }
  assert.deepEqual([...reached].sort(), Object.keys(transitions).sort())
})

test('the history of a job has each pause, resume, failure, retry and success', () => {
  const entries = [
    entry.start(1),
    entry.client('pause'),
    entry.stop(1),
    entry.client('resume'),
    entry.start(2),
    entry.fail(2),
    entry.client('retry'),
    entry.start(3),
    entry.succeed(3),
  ]
  const lifecycle = entries.reduce(applyEntry, initialLifecycle(at))
  assert.deepEqual(
    lifecycle.transitions.map(({ status, attempt }) => [status, attempt]),
    [
      ['queued', 0],
      ['running', 1],
      ['paused', 1],
      ['queued', 1],
      ['running', 2],
      ['failed', 2],
      ['queued', 2],
      ['running', 3],
      ['succeeded', 3],
    ],
  )
  assert.equal(
    lifecycle.transitions[5]!.failure?.code,
    'nan_loss',
    'the failed end stays on record',
  )
  assert.equal(lifecycle.result?.status, 'succeeded')
  assert.equal(lifecycle.retriedAfterAttempt, 2)
})

test('an overtaken attempt can neither stop nor end the job', () => {
  const lifecycle = [entry.start(1), entry.start(2)].reduce(applyEntry, initialLifecycle(at))
  for (const late of [entry.stop(1), entry.succeed(1), entry.fail(1)]) {
    assert.equal(nextState(lifecycle, late), null)
  }
  assert.equal(nextState(lifecycle, entry.succeed(2)), 'succeeded')
})

test('concurrent clients and workers agree on one history that the transition table allows', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = randomOf(seed)
    const id = `job-${String(seed).padStart(26, '0')}`
    // each has its own Journal, as in separate processes
    const client = async () => {
      const journal = new Journal(store)
      const taken: JobState[] = []
      for (let i = 0; i < 6; i++) {
        const { allowed, lifecycle } = await journal.append(
          id,
          at,
          entry.client(jobActions[random(4)]!),
        )
        if (allowed) taken.push(lifecycle.state)
      }
      return taken
    }
    const worker = async (first: number) => {
      const journal = new Journal(store)
      const ends = { succeed: 0, fail: 0 }
      for (let attempt = first; attempt < first + 8; attempt += 2) {
        const begun = await journal.append(id, at, entry.start(attempt))
        if (!begun.allowed) continue
        const how = (['stop', 'stop', 'fail', 'succeed'] as const)[random(4)]!
        const { allowed } = await journal.append(id, at, entry[how](attempt))
        if (allowed && how !== 'stop') ends[how]++
      }
      return ends
    }
    const [ends, others] = await Promise.all([
      worker(1),
      worker(2),
      ...Array.from({ length: 5 }, client),
    ])
    const names = (await store.list(jobPaths(id).journal)).sort(
      (a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10),
    )
    assert.deepEqual(
      names,
      names.map((_, i) => `${i + 1}.json`),
      `seed ${seed}: numbers without a gap`,
    )
    const entries = await Promise.all(
      names.map((_, i) => store.readJson<JournalEntry>(jobPaths(id).entry(i + 1))),
    )
    // applyEntry throws if the transition table does not allow an entry
    const told = entries.reduce(
      (lifecycle, one) => applyEntry(lifecycle, one!),
      initialLifecycle(at),
    )
    assert.deepEqual(await new Journal(store).read(id, at), told, `seed ${seed}`)
    for (const event of ['succeed', 'fail'] as const) {
      const written = entries.filter(one => one!.event === event).length
      assert.equal(written, ends![event] + others![event], `seed ${seed}: each end once`)
    }
    assert.ok(entries.filter(one => one!.event === 'succeed').length <= 1)
  }
})

test('clients see a job that is pausing or cancelling as running', () => {
  assert.equal(publicStatus.pausing, 'running')
  assert.equal(publicStatus.cancelling, 'running')
})
