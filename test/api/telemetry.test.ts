import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import supertest from 'supertest'
import { blockingOptions, connect } from '../../src/jobs/queue/redis.js'
import { WorkerReports } from '../../src/jobs/queue/worker-reports.js'
import { eventually } from '../../testing/eventually.js'
import { scrape } from '../../testing/scrape.js'
import {
  putModel,
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../testing/test-server.js'
import { workerReport } from '../../testing/worker-report.js'

let server: TestServer
before(async () => {
  server = await startServer()
  await uploadDataset(server)
})
after(() => server.close())

test('GET /metrics requires the key, and answers in the text format of Prometheus', async () => {
  assert.equal((await supertest(server.url).get('/metrics')).status, 401)
  const { headers } = await server.api.get('/metrics')
  assert.match(headers['content-type']!, /^text\/plain; version=0\.0\.4/)
})

test('requests are counted by route, not by URL', async () => {
  for (let i = 0; i < 20; i++) {
    await server.api.get(`/jobs/job-${i}`)
    await server.api.get(`/nowhere/${i}?${i}`)
  }
  const numbers = await scrape(server)
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
  const numbers = await scrape(server)
  assert.equal(numbers.get('trainyard_jobs{status="queued"}'), 1)
  assert.equal(numbers.get('trainyard_jobs{status="cancelled"}'), 1)
  assert.equal(numbers.get('trainyard_queue_jobs'), 1)
  assert.equal(numbers.get('trainyard_queue_held_jobs'), 0)
  assert.equal(numbers.get('trainyard_queue_active_jobs'), 0)
  assert.ok(numbers.get('trainyard_queue_oldest_seconds')! > 0)
})

test('the longest hold of the event loop stays, whoever scrapes', async () => {
  const longest = async () => (await scrape(server)).get('trainyard_event_loop_longest_seconds')!
  assert.ok((await longest()) >= 0)
  // the API runs in this process
  for (const end = performance.now() + 400; performance.now() < end; );
  // the timer that measures runs after this
  await eventually('the hold to be measured', async () => (await longest()) >= 0.35)
  assert.ok((await longest()) >= 0.35)
  const numbers = await scrape(server)
  const part = (name: string) => numbers.get(`trainyard_event_loop_longest_${name}_seconds`)!
  // what it did not run, it waited; the kernel counts both to a tick of its clock
  assert.ok(part('processor') > 0, `${part('processor')}`)
  const known = part('processor') + part('waited')
  assert.ok(known >= 0.3, `${part('processor')} + ${part('waited')}`)
})

test('metrics of the process, the predictor and Redis are reported', async () => {
  const numbers = await scrape(server)
  assert.ok(numbers.get('process_resident_memory_bytes')! > 1e6)
  assert.ok(numbers.has('nodejs_eventloop_lag_p99_seconds'))
  assert.equal(numbers.get('trainyard_webhook_deliveries_pending'), 0)
  assert.equal(numbers.get('trainyard_webhook_attempts_total{outcome="failed"}'), 0)
  const [build] = [...numbers.keys()].filter(name => name.startsWith('trainyard_build_info'))
  assert.ok(build?.includes(`node="${process.version}"`))
  assert.ok(numbers.has('trainyard_predictor_ready'))
})

test('predictions are counted by model, with their errors, and restarts of the predictor', async () => {
  await putModel(server.store, 'shades')
  await putModel(server.store, 'crash')
  await eventually('the predictor', () => server.deps.predictor.ready())
  const instances = [
    [
      [0, 0],
      [0, 0],
    ],
    [
      [9, 9],
      [9, 9],
    ],
  ] // prettier-ignore
  const predict = (model: string, body: object) =>
    server.api.post(`/models/${model}/predict`).send(body)
  assert.equal((await predict('shades', { instances })).status, 200)
  assert.equal((await predict('shades', { instances: [[1]] })).status, 422)
  assert.equal((await predict('nowhere', { instances })).status, 404)
  const restarts = async () =>
    (await scrape(server)).get('trainyard_predictor_restarts_total{predictor="images"}')!
  assert.equal(await restarts(), 0)
  assert.equal((await predict('crash', { instances })).status, 500)
  await eventually('the restarts', async () => (await restarts()) === 2)

  const numbers = await scrape(server)
  const requests = [...numbers.keys()].filter(name => name.includes('prediction_requests_total'))
  const of = (model: string, status: number) =>
    `trainyard_prediction_requests_total{model="${model}",status="${status}"}`
  // a model that does not exist makes no label
  assert.deepEqual(requests, [of('shades', 200), of('shades', 422), of('crash', 500)])
  const failed = [...numbers.keys()].filter(name => name.includes('prediction_errors_total'))
  assert.deepEqual(failed, [
    'trainyard_prediction_errors_total{model="shades",code="INVALID_INSTANCES"}',
    'trainyard_prediction_errors_total{model="crash",code="PREDICTION_CRASHES"}',
  ])
  assert.equal(numbers.get('trainyard_predictions_total{model="shades"}'), 2)
  assert.equal(numbers.get('trainyard_prediction_duration_seconds_count{model="shades"}'), 2)
  assert.equal(numbers.get('trainyard_predictor_requests_in_flight{predictor="images"}'), 0)
  assert.equal(numbers.get('trainyard_prediction_batches_total{model="shades",size="2"}'), 1)
  assert.ok(numbers.has('trainyard_prediction_queue_seconds_total{model="shades"}'))
  assert.ok(numbers.has('trainyard_prediction_compute_seconds_total{model="shades",step="run"}'))
})

test('workers, slots, trainers and GPUs of all hosts are reported, one series each', async t => {
  const redis = connect(server.redis, blockingOptions, () => {})
  t.after(() => redis.disconnect())
  const reports = new WorkerReports(redis, server.redis.prefix)
  await reports.publish(workerReport())
  await reports.publish(workerReport({ id: 'other', host: 'far', draining: true, gpus: [] }))
  await eventually(
    'both workers in the metrics',
    async () => (await scrape(server)).get('trainyard_workers') === 2,
  )
  const [numbers, again] = await Promise.all([scrape(server), scrape(server)])
  const cpu = 'trainyard_trainer_cpu_seconds_total{worker="box:42",slot="0"}'
  assert.deepEqual([numbers.get(cpu), again.get(cpu)], [12.5, 12.5])
  const slots = (worker: string, state: string) =>
    numbers.get(`trainyard_worker_slots{worker="${worker}:42",state="${state}"}`)
  assert.deepEqual(
    ['busy', 'free', 'draining'].map(state => slots('box', state)),
    [1, 1, 0],
  )
  assert.deepEqual(
    ['busy', 'free', 'draining'].map(state => slots('far', state)),
    [1, 0, 1],
  )
  const gpu = 'trainyard_gpu_utilization_ratio{worker="box:42",gpu="0",name="H100"}'
  assert.equal(numbers.get(gpu), 0.75)
  assert.equal(numbers.get('trainyard_worker_memory_limit_bytes{worker="box:42"}'), 2 ** 34)
  await reports.remove('other')
  await eventually(
    'a worker that ended to leave the metrics',
    async () => ![...(await scrape(server)).keys()].some(name => name.includes('far:42')),
  )
})

test('dashboard, alerts and documentation name metrics and labels that exist', async t => {
  const redis = connect(server.redis, blockingOptions, () => {})
  t.after(() => redis.disconnect())
  await new WorkerReports(redis, server.redis.prefix).publish(workerReport())
  const hasWorker = async () => (await scrape(server)).get('trainyard_workers') === 1
  await eventually('the worker', hasWorker)
  const { text } = await server.api.get('/metrics')
  const kinds = new Map(
    [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, kind]) => [name!, kind!]),
  )
  const labelsOf = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}{(.*)} `, 'gm'))].map(([, labels]) => labels!)

  const dashboard = await readFile('deploy/grafana/trainyard.json', 'utf8')
  const { panels } = JSON.parse(dashboard) as { panels: { targets?: { expr: string }[] }[] }
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  assert.ok(queries.length > 40, `${queries.length} queries`)
  const alerts = await readFile('deploy/prometheus/alerts.yml', 'utf8')
  const documentation = await readFile('docs/monitoring.md', 'utf8')
  for (const query of [...queries, alerts, documentation]) {
    for (const [, name, selector = ''] of query.matchAll(
      /\b((?:trainyard|nodejs|process)_\w*[a-z])(?![\w*])(?:\{([^}]*)\})?/g,
    )) {
      const metric = name!.replace(/_(bucket|sum|count)$/, '')
      assert.ok(kinds.has(name!) || kinds.get(metric) === 'histogram', `no metric ${name}`)
      const samples = labelsOf(name!)
      for (const [, label] of selector.matchAll(/(\w+) *[=!]/g)) {
        if (label === 'job' || samples.length === 0) continue
        assert.ok(
          samples.every(labels => labels.includes(`${label}="`)),
          `${name} has no ${label}`,
        )
      }
    }
  }
  for (const [name, kind] of kinds) {
    // https://prometheus.io/docs/practices/naming/
    assert.equal(name.endsWith('_total'), kind === 'counter', `${name} is a ${kind}`)
    assert.match(text, new RegExp(`^# HELP ${name} \\S`, 'm'))
    if (!name.startsWith('trainyard_')) continue
    assert.ok(documentation.includes(`\`${name}\``), `docs/monitoring.md has no ${name}`)
  }
})

test('what Redis and the folders of the data folder take is reported', async () => {
  const numbers = await scrape(server)
  assert.ok(numbers.get('trainyard_redis_memory_used_bytes')! > 1e5)
  assert.ok(numbers.get('trainyard_redis_connected_clients')! > 0)
  assert.ok(numbers.get('trainyard_redis_ping_seconds')! > 0)
  assert.equal(numbers.get('trainyard_redis_evicted_keys_total'), 0)
  const datasets = 'trainyard_data_folder_bytes{folder="datasets"}'
  await eventually('the sizes', async () => (await scrape(server)).get(datasets)! > 0)
})

test('without Redis its metrics are left out, and the others reported', async () => {
  await server.redis.stop()
  assert.equal((await scrape(server)).get('trainyard_redis_up'), 0)
  const ofQueue = /^trainyard_(jobs|job_|queue|attempts|worker|trainer|gpu|redis_(?!up))/
  // the workers were read up to a second ago
  await eventually(
    'the values of Redis to be left out',
    async () => ![...(await scrape(server)).keys()].some(name => ofQueue.test(name)),
  )
  assert.ok((await scrape(server)).has('trainyard_disk_free_bytes'))
  await server.redis.start()
  await eventually(
    'Redis in the metrics',
    async () => (await scrape(server)).get('trainyard_redis_up') === 1,
  )
})
