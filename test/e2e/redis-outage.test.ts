// Redis does not answer for 20 s, in two ways. Each test takes about half a minute.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JobRequest } from '../../src/spec/job.js'
import { eventually } from '../../testing/eventually.js'
import { mnistSample } from '../../testing/mnist.js'
import { openEventStream } from '../../testing/sse.js'
import { TestDeployment } from '../../testing/test-deployment.js'

/** Longer than BullMQ blocks for a job (5 s) and than its watchdog waits after that. */
const outageMs = 20_000

let deployment: TestDeployment
before(async () => {
  deployment = await TestDeployment.open({ TRAINYARD_SLOTS: '2' })
  await deployment.client.datasets.push('digits', await mnistSample(640))
})
after(() => deployment.close())

const request = (name: string, steps: number): JobRequest => ({
  name,
  model: { kind: 'resnet', blocks: 1, filters: 4 },
  dataset: 'digits',
  training: { steps, batchSize: 16, checkpointEvery: 1000 },
})

const outages: Record<string, () => Promise<() => void>> = {
  'that hangs': async () => {
    const { supervisor } = deployment
    const redis = await deployment.pidOf('redis-server')
    // a running supervisor would replace it after two seconds
    process.kill(supervisor, 'SIGSTOP')
    process.kill(redis, 'SIGSTOP')
    return () => {
      process.kill(redis, 'SIGCONT')
      process.kill(supervisor, 'SIGCONT')
    }
  },
  'that is down': async () => {
    const { supervisor } = deployment
    // a running supervisor would start Redis again at once
    process.kill(supervisor, 'SIGSTOP')
    process.kill(await deployment.pidOf('redis-server'), 'SIGKILL')
    return () => process.kill(supervisor, 'SIGCONT')
  },
}

for (const [how, begin] of Object.entries(outages)) {
  test(`with a Redis ${how} for 20 s, running jobs go on, new jobs are accepted, and the queue recovers; followers hear all of it`, async t => {
    const worker = await deployment.pidOf('workers/worker.js')
    const stream = await openEventStream(deployment, '/events?types=job')
    const running = await deployment.client.jobs.submit(request('running', 100_000))
    await waitForFirstAttempt(running.id)

    // Time itself is the condition: Redis syncs its file once a second, at the latest after two, and
    // a killed Redis loses what it has not synced.
    await sleep(3000)

    const end = await begin()
    const accepted = await Promise.all(
      [1, 2].map(n => deployment.client.jobs.submit(request(`accepted-${n}`, 100))),
    ).finally(() => sleep(outageMs).then(end))
    const back = performance.now()

    const ends = accepted.map(job =>
      eventually(
        `${job.name} to succeed`,
        async () => (await deployment.client.jobs.get(job.id)).status === 'succeeded',
        { timeoutMs: 120_000 },
      ),
    )
    await waitForFirstAttempt(accepted[0]!.id)
    t.diagnostic(
      `the next job starts ${Math.round(performance.now() - back)} ms after Redis is back`,
    )
    await Promise.all(ends)
    const heard = new Map(accepted.map(({ id }) => [id, [] as string[]]))
    const measured: string[] = []
    while ([...heard.values()].some(types => !types.includes('job.succeeded'))) {
      const { event, data } = (await stream.nextEvent())!
      assert.notEqual(event, 'stream.reset', data)
      if (event === 'job.progress') measured.push(...Object.keys(JSON.parse(data!).data.metrics))
      else heard.get(JSON.parse(data!).data.id)?.push(event!)
    }
    stream.response.destroy()
    assert.ok(measured.includes('loss'), 'no progress was heard')
    const all = ['job.queued', 'job.running', 'job.succeeded']
    assert.deepEqual([...heard.values()], [all, all], 'of jobs that were accepted without Redis')
    assert.equal((await deployment.client.jobs.get(running.id)).status, 'running')
    const attempts = await deployment.attempts(running.id)
    assert.equal(attempts.length, 1, JSON.stringify(attempts))
    assert.equal(await deployment.pidOf('workers/worker.js'), worker, 'the worker was restarted')
    await deployment.client.jobs.act(running.id, 'cancel')
    await eventually(
      'the job to be cancelled',
      async () => (await deployment.client.jobs.get(running.id)).status === 'cancelled',
    )
  })
}

const waitForFirstAttempt = (id: string) =>
  eventually('the first attempt', async () => (await deployment.attempts(id)).length > 0, {
    timeoutMs: 120_000,
  })
