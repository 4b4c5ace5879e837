import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FromTrainer, ToTrainer } from '../../../src/spec/ipc-messages.js'
import type { RankListener, RankProcess } from '../../../workers/executors/executor.js'
import { TrainerGang } from '../../../workers/supervision/trainer-gang.js'
import { TrainerProcess } from '../../../workers/supervision/trainer-process.js'

interface Rank {
  listener: RankListener
  sent: ToTrainer[]
  isKilled: boolean
  die(signal: NodeJS.Signals): void
}

/** A gang whose processes the test plays. */
function openGang(world: number) {
  const ranks: Rank[] = []
  const trainers = Array.from({ length: world }, () =>
    TrainerProcess.spare(listener => {
      let hasEnded = false
      const end = (signal: NodeJS.Signals) => {
        if (hasEnded) return
        hasEnded = true
        listener.onEnd({ code: null, signal, lost: null })
      }
      const rank: Rank = { listener, sent: [], isKilled: false, die: end }
      ranks.push(rank)
      const process: RankProcess = {
        isWaiting: false,
        send: message => void rank.sent.push(message),
        kill: () => {
          rank.isKilled = true
          queueMicrotask(() => end('SIGKILL'))
        },
        usage: () => null,
        lowerPriority() {},
      }
      return process
    }, true),
  )
  const gang = new TrainerGang(trainers)
  const messages: FromTrainer[] = []
  const lines: string[] = []
  gang.listen({
    onMessage: message => void messages.push(message),
    onLine: line => void lines.push(line),
  })
  return { gang, ranks, messages, lines }
}

test('rank 0 speaks for the gang, and its address reaches the others', () => {
  const { ranks, messages, lines } = openGang(3)
  const [leader, ...others] = ranks
  leader!.listener.onMessage({ type: 'leader', address: '127.0.0.1:9000' })
  for (const { sent } of others) {
    assert.deepEqual(sent, [{ type: 'leader', address: '127.0.0.1:9000' }])
  }
  for (const { listener } of ranks) {
    listener.onMessage({ type: 'phase', phase: 'training', step: 3 })
    listener.onLine('the same line')
  }
  assert.deepEqual(messages, [{ type: 'phase', phase: 'training', step: 3 }])
  assert.deepEqual(lines, ['the same line'])
})

test('a rank that dies ends the gang, which tells what it printed last', async () => {
  const { gang, ranks, lines } = openGang(3)
  ranks[2]!.listener.onLine('something is wrong')
  ranks[2]!.die('SIGSEGV')
  const exit = await gang.exit
  assert.deepEqual([exit.rank, exit.signal], [2, 'SIGSEGV'])
  assert.deepEqual(
    ranks.map(({ isKilled }) => isKilled),
    [true, true, false],
  )
  assert.deepEqual(lines, ['rank 2: something is wrong'])
})

test('the rank that others miss is the cause, though their ends come first', async () => {
  const { gang, ranks } = openGang(2)
  ranks[0]!.listener.onMessage({ type: 'error', message: 'peer', cause: null, lostRank: true })
  ranks[0]!.die('SIGTERM')
  setTimeout(() => ranks[1]!.die('SIGBUS'), 20)
  const exit = await gang.exit
  assert.deepEqual([exit.rank, exit.signal], [1, 'SIGBUS'])
})

test('a rank that has done its part may end before rank 0', async () => {
  const { gang, ranks, messages } = openGang(2)
  ranks[1]!.listener.onMessage({ type: 'left' })
  ranks[1]!.die('SIGKILL')
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(ranks[0]!.isKilled, false)
  const finished = {
    type: 'finished',
    model: { id: 'm', version: 1 },
    metrics: {},
    step: 9,
  } as const
  ranks[0]!.listener.onMessage(finished)
  ranks[0]!.die('SIGKILL')
  const exit = await gang.exit
  assert.equal(exit.rank, 0)
  assert.deepEqual(messages, [finished])
})

test('a failure that every rank meets is told once', async () => {
  const { gang, ranks, messages } = openGang(2)
  const failed = { type: 'failed', code: 'nan_loss', message: 'the loss became NaN' } as const
  for (const { listener } of ranks.toReversed()) listener.onMessage(failed)
  ranks[1]!.die('SIGKILL')
  await gang.exit
  assert.deepEqual(messages, [failed])
})

test('all ranks are told what each has said, when all have', () => {
  const { ranks, messages } = openGang(2)
  const say = (rank: number, value: string) =>
    ranks[rank]!.listener.onMessage({ type: 'gather', value })
  say(1, 'b')
  assert.deepEqual(ranks[1]!.sent, [])
  say(0, 'a')
  say(0, 'c')
  const first = { type: 'gathered', values: ['a', 'b'] }
  for (const { sent } of ranks) assert.deepEqual(sent, [first])
  say(1, 'd')
  for (const { sent } of ranks) {
    assert.deepEqual(sent, [first, { type: 'gathered', values: ['c', 'd'] }])
  }
  ranks[1]!.listener.onMessage({ type: 'serving' })
  assert.deepEqual(messages, [])
})
