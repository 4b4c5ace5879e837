import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import supertest from 'supertest'
import { eventually } from '../../testing/eventually.js'
import { smallJob, startServer, type TestServer, uploadDataset } from '../../testing/test-server.js'

let server: TestServer
before(async () => {
  server = await startServer()
  await uploadDataset(server)
})
after(() => server.close())

/** `name{labels}` → value. */
async function scrape(): Promise<Map<string, number>> {
  const { status, text, headers } = await server.api.get('/metrics')
  assert.equal(status, 200)
  assert.match(headers['content-type']!, /^text\/plain; version=0\.0\.4/)
  const lines = text.split('\n').filter(line => line && !line.startsWith('#'))
  return new Map(
    lines.map(line => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }),
  )
}

test('GET /metrics requires the key', async () => {
  assert.equal((await supertest(server.url).get('/metrics')).status, 401)
})

test('requests are counted by route, not by URL', async () => {
  for (let i = 0; i < 20; i++) {
    await server.api.get(`/jobs/job-${i}`)
    await server.api.get(`/nowhere/${i}?${i}`)
  }
  const numbers = await scrape()
  const count = (route: string) =>
    numbers.get(`trainyard_http_requests_total{method="GET",route="${route}",status="404"}`)
  assert.equal(count('/jobs/:id'), 20)
  assert.equal(count('none'), 20)
  const durations = 'trainyard_http_request_duration_seconds_count'
  assert.equal(numbers.get(`${durations}{method="GET",route="/jobs/:id"}`), 20)
  assert.ok(![...numbers.keys()].some(name => name.includes('nowhere')))
})

test('jobs are counted by status, and waiting jobs in the queue', async () => {
  const first = (await server.api.post('/jobs').send(smallJob)).body.id
  await server.api.post('/jobs').send(smallJob)
  await server.api.post(`/jobs/${first}/cancel`)
  const numbers = await scrape()
  assert.equal(numbers.get('trainyard_jobs{status="queued"}'), 1)
  assert.equal(numbers.get('trainyard_jobs{status="cancelled"}'), 1)
  assert.equal(numbers.get('trainyard_queue_jobs'), 1)
  assert.equal(numbers.get('trainyard_queue_held_jobs'), 0)
  assert.ok(numbers.get('trainyard_queue_oldest_seconds')! > 0)
})

test('the longest hold of the event loop stays, whoever scrapes', async () => {
  const longest = async () => (await scrape()).get('trainyard_event_loop_longest_seconds')!
  assert.ok((await longest()) >= 0)
  // the API runs in this process
  for (const end = performance.now() + 400; performance.now() < end; );
  // the timer that measures runs after this
  await eventually('the hold to be measured', async () => (await longest()) >= 0.35)
  assert.ok((await longest()) >= 0.35)
})

test('metrics of the process, the predictor and Redis are reported', async () => {
  const numbers = await scrape()
  assert.ok(numbers.get('process_resident_memory_bytes')! > 1e6)
  assert.ok(numbers.has('nodejs_eventloop_lag_p99_seconds'))
  assert.equal(numbers.get('trainyard_webhook_deliveries_pending'), 0)
  assert.equal(numbers.get('trainyard_webhook_attempts_total{outcome="failed"}'), 0)
  const [build] = [...numbers.keys()].filter(name => name.startsWith('trainyard_build_info'))
  assert.ok(build?.includes(`node="${process.version}"`))
  assert.ok(numbers.has('trainyard_predictor_ready'))
})

test('without Redis its metrics are left out, and the others reported', async () => {
  await server.redis.stop()
  const numbers = await scrape()
  assert.equal(numbers.get('trainyard_redis_up'), 0)
  const ofQueue = /^trainyard_(jobs|queue)/
  assert.deepEqual(
    [...numbers.keys()].filter(name => ofQueue.test(name)),
    [],
  )
  await server.redis.start()
  await eventually(
    'Redis in the metrics',
    async () => (await scrape()).get('trainyard_redis_up') === 1,
  )
})
