import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../../src/jobs/queue/redis.js'
import { eventually } from '../../../testing/eventually.js'
import { startRedis, type TestRedis } from '../../../testing/redis.js'
import { readerOptions, writerOptions } from '../../../workers/executors/remote/connections.js'
import { decodeFrame, Link } from '../../../workers/executors/remote/link.js'
import { ListReader } from '../../../workers/executors/remote/list-reader.js'

let folder: string
let redis: TestRedis
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'link-'))
  redis = await startRedis(folder)
})
after(async () => {
  await redis.stop()
  await rm(folder, { recursive: true })
})

/** One end of a link; `other` names the list of its peer. */
function openEnd(own: string, other: string) {
  const [writer, reader] = [writerOptions, readerOptions].map(options =>
    connect(redis, options, () => {}),
  )
  const received: unknown[] = []
  const beats: unknown[] = []
  let overflows = 0
  const link: Link<unknown, unknown, unknown, unknown> = new Link({
    id: 'job.1.0',
    redis: writer!,
    list: other,
    onItem: item => received.push(item),
    onBeat: beat => beats.push(beat),
    onOverflow: () => overflows++,
  })
  const list = new ListReader(reader!, own, bytes => link.receive(decodeFrame(bytes)))
  const timer = setInterval(() => link.beat(own), 50)
  const close = () => {
    clearInterval(timer)
    link.close()
    writer!.disconnect()
    list.close()
  }
  return { link, writer: writer!, received, beats, overflows: () => overflows, close }
}

test('messages keep their order and their values: none is lost or doubled while Redis is emptied and restarted', async t => {
  const [one, two] = [openEnd('one', 'two'), openEnd('two', 'one')]
  t.after(() => {
    one.close()
    two.close()
  })
  const message = (n: number) => ({ n, loss: Number.NaN, rows: new Float32Array([n]) })
  const count = 400
  for (let n = 0; n < count; n++) {
    one.link.send(message(n))
    two.link.send(-n)
    if (n % 10 === 0) await sleep(15)
    if (n === 100 || n === 300) await redis.flush()
    if (n === 200) {
      await redis.stop()
      await redis.start()
    }
  }
  const arrived = () => two.received.length >= count && one.received.length >= count
  await eventually('all messages', arrived, { timeoutMs: 60_000 })
  assert.deepEqual(
    two.received,
    Array.from({ length: count }, (_, n) => message(n)),
  )
  assert.deepEqual(
    one.received,
    Array.from({ length: count }, (_, n) => -n),
  )
  assert.ok(one.beats.includes('two') && two.beats.includes('one'))
})

test('a peer that confirms nothing does not fill the memory of the sender', async t => {
  const one = openEnd('alone', 'nobody')
  t.after(one.close)
  const megabyte = Buffer.alloc(2 ** 20)
  for (let n = 0; n < 80 && one.overflows() === 0; n++) {
    one.link.send(megabyte)
    await sleep(12)
  }
  assert.ok(one.overflows() > 0)
  await eventually('a connection', () => one.writer.status === 'ready')
  await redis.flush()
})
