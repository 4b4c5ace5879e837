// What becomes of requests under more load than a process can run: the pool's own admission and scheduler, with a
// process whose batches take as long as the test says, on a clock that the test moves.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Admission } from '../../../src/serving/pool/admission.js'
import { defaultOptions } from '../../../src/serving/pool/pool-options.js'
import { type Batch, Scheduler } from '../../../src/serving/pool/scheduler.js'

interface Request {
  images: number
  priority: number
  alone: boolean
  /** When its client gives up. */
  deadline: number
}

interface Load {
  /** How long a batch takes, whatever its size. */
  batchMs: number
  /** Requests for one image in a second. */
  perSecond: number
  seconds: number
  patienceMs: number
}

interface Outcome {
  sent: number
  refused: number
  /** Before their clients gave up. */
  answered: number
  ran: number
  batches: number
}

/** Sends requests at a steady rate; each client gives up after its patience, and takes its request back. */
function simulate(t: TestContext, { batchMs, perSecond, seconds, patienceMs }: Load): Outcome {
  let now = 0
  const scheduler = new Scheduler<Request>()
  const running: { id: number; batch: Batch<Request>; sentAt: number; startedAt: number }[] = []
  const process = { has: () => true, running }
  const admission = new Admission(
    scheduler,
    () => [process],
    defaultOptions,
    () => now,
  )
  // as after a first request, which is never refused
  scheduler.model('m').times.add(1, batchMs)
  const outcome: Outcome = { sent: 0, refused: 0, answered: 0, ran: 0, batches: 0 }

  const answer = () => {
    const [first, next] = running
    if (!first || now < first.startedAt + batchMs) return
    running.shift()
    if (next) next.startedAt = now
    const { batch, startedAt } = first
    scheduler.finished(batch, batch.size, now - startedAt)
    outcome.batches++
    outcome.ran += batch.images
    outcome.answered += batch.slices.filter(({ task }) => now <= task.deadline).length
  }
  const giveUp = () => {
    for (const task of scheduler.tasks('m')) {
      if (now >= task.deadline) scheduler.remove('m', task)
    }
  }
  const send = () => {
    const request = { images: 1, priority: 0, alone: false, deadline: now + patienceMs }
    outcome.sent++
    try {
      // the server does not know when the client gives up
      admission.check('m', { ...request, leftMs: defaultOptions.timeoutMs })
      scheduler.add('m', request)
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'PREDICTOR_BUSY')
      outcome.refused++
    }
  }
  // as the pool feeds a process: a second batch waits in it if it is no smaller than the one that runs
  const feed = () => {
    while (running.length < 2) {
      const { images } = scheduler.model('m')
      if (images === 0 || images < (running[0]?.batch.images ?? 0)) return
      running.push({ id: 1, batch: scheduler.take('m'), sentAt: now, startedAt: now })
    }
  }
  for (; now < seconds * 1000 || running.length > 0; now++) {
    answer()
    giveUp()
    for (; now < seconds * 1000 && outcome.sent < (now / 1000) * perSecond; ) send()
    feed()
  }
  const { sent, refused, answered, ran, batches } = outcome
  t.diagnostic(
    `${sent} requests, ${ran} ran in ${batches} batches, ${answered} were answered in time, ${refused} refused`,
  )
  return outcome
}

const batchMs = 50
/** Images in a second, in batches of 32. */
const capacity = 32 / (batchMs / 1000)

for (const factor of [2, 5]) {
  test(`under ${factor} times the load that a process can run, clients that give up after a second lose little of what ran`, t => {
    const load = { batchMs, perSecond: factor * capacity, seconds: 10, patienceMs: 1000 }
    const { refused, answered, ran, batches } = simulate(t, load)
    assert.ok(refused > 0, 'nothing was refused')
    assert.ok(answered > 0.9 * ran, 'many ran for nobody')
    assert.ok(ran > 8 * batches, 'the queue was too short for batches')
  })
}
