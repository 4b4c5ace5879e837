// Kubernetes against a server that behaves as its documentation says, with the rights and the pods of deploy/kubernetes.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { engineEnvironment } from '../../../src/engine/environment.js'
import { connect } from '../../../src/jobs/queue/redis.js'
import { scriptPath } from '../../../src/places.js'
import { version } from '../../../src/version.js'
import { eventually, within } from '../../../testing/eventually.js'
import { needsKubernetesSchemas, problemsOf } from '../../../testing/kubernetes-schemas.js'
import { startServer, uploadDataset } from '../../../testing/test-server.js'
import { EngineRefusal, type Submission } from '../../../workers/executors/engine.js'
import { Kubernetes } from '../../../workers/executors/kubernetes.js'
import { readerOptions, writerOptions } from '../../../workers/executors/remote/connections.js'
import { RemoteExecutor } from '../../../workers/executors/remote/remote-executor.js'
import { KubernetesApi, type Rule } from './kubernetes-api.js'
import { WorkerWithExecutor } from './worker-with-executor.js'

const patience = { timeoutMs: 120_000 }

const documents = async (file: string) =>
  parseAllDocuments(await readFile(join('deploy', 'kubernetes', file), 'utf8')).map(each =>
    each.toJS(),
  )

let account: string
let rules: Rule[]
let template: { metadata: object; template: { spec: { containers: object[] } } }
before(async () => {
  account = await mkdtemp(join(tmpdir(), 'account-'))
  await writeFile(join(account, 'namespace'), 'training')
  await writeFile(join(account, 'ca.crt'), '')
  rules = (await documents('rights.yaml')).find(({ kind }) => kind === 'Role').rules
  template = (await documents('rank-template.yaml'))[0]
})
after(() => rm(account, { recursive: true }))
beforeEach(() => writeFile(join(account, 'token'), 'token-1\n'))

async function open(t: { after(work: () => unknown): void }, queue: string | null = null) {
  const api = await KubernetesApi.start(rules)
  t.after(() => api.close())
  api.put('v1', 'podtemplates', structuredClone(template))
  const options = { url: api.url, account, template: 'trainyard-rank', queue }
  return { api, kubernetes: new Kubernetes(options) }
}

const submission = (overrides: Partial<Submission> = {}): Submission => ({
  id: 'trainyard-job-1-1',
  job: 'job-1',
  attempt: 1,
  world: 1,
  cpus: 4,
  gpus: 0,
  memoryBytes: 2 ** 30,
  environment: { TRAINYARD_ATTEMPT: '1' },
  ...overrides,
})

test('a job trains in the pod of a Job, with the rights of deploy/kubernetes alone', async t => {
  const server = await startServer()
  t.after(() => server.close())
  await uploadDataset(server)
  const { api, kubernetes } = await open(t)
  const [container] = template.template.spec.containers
  const values = {
    TRAINYARD_DATA: join(server.folder, 'data'),
    REDIS_URL: server.redis.url,
    TRAINYARD_REDIS_PREFIX: server.redis.prefix,
  }
  // what the Secret has in a cluster
  const env = Object.entries(values).map(([name, value]) => ({ name, value }))
  const command = [process.execPath, scriptPath('workers/remote-rank')]
  const containers = [{ ...container, command, env }]
  const own = { ...template, template: { spec: { ...template.template.spec, containers } } }
  api.put('v1', 'podtemplates', own)
  const [redis, reader] = [writerOptions, readerOptions].map(each =>
    connect(server.redis, each, () => {}),
  )
  const executor = new RemoteExecutor({
    ...{ engine: kubernetes, redis: redis!, reader: reader!, prefix: server.redis.prefix },
    ...{ worker: 'worker-1', version, cpus: 1, gpus: 0, memoryBytes: null, environment: {} },
    log: server.deps.log,
    pollMs: 200,
  })
  const worker = new WorkerWithExecutor(server, executor, engineEnvironment({ cores: 1 }))
  t.after(async () => {
    await worker.close()
    await executor.close()
    redis!.disconnect()
  })
  const id = await worker.submit({ steps: 20 })
  assert.equal(await within('the job', worker.run(id).done, patience), 'done')
  const { status, failure } = await worker.job(id)
  assert.equal(status, 'succeeded', `${JSON.stringify(failure)}\n${await worker.log(id)}`)
  assert.match(await worker.log(id), new RegExp(`given to Kubernetes as trainyard-${id}-1`))
  const ended = async () => (await kubernetes.state(`trainyard-${id}-1`)).kind === 'ended'
  await eventually('the end of the Job', ended)
  assert.deepEqual(await kubernetes.state(`trainyard-${id}-1`), {
    kind: 'ended',
    reason: 'CompletionsReached: Reached expected number of succeeded pods',
  })
})

test('a submission whose answer did not arrive makes no second Job', async t => {
  const { api, kubernetes } = await open(t)
  api.isFull = true
  await kubernetes.submit(submission())
  await kubernetes.submit(submission())
  assert.deepEqual(api.names('jobs'), ['trainyard-job-1-1'])
  assert.equal(api.made.length, 1)
})

test('why a Job waits is what the scheduler says, or Kueue', async t => {
  const { api, kubernetes } = await open(t, 'gpu-queue')
  api.isFull = true
  await kubernetes.submit(submission())
  const id = submission().id
  const [job] = api.made
  assert.equal(job!.metadata.labels?.['kueue.x-k8s.io/queue-name'], 'gpu-queue')
  assert.deepEqual(await kubernetes.state(id), {
    kind: 'waiting',
    reason: 'suspended, as in a queue of Kueue',
  })
  api.admit(id)
  assert.deepEqual(await kubernetes.state(id), {
    kind: 'waiting',
    reason: 'Unschedulable: 0/2 nodes are available: 2 Insufficient cpu.',
  })
})

test('what is stopped is gone, with its pod and its policy', async t => {
  const { api, kubernetes } = await open(t)
  api.isFull = true
  for (const world of [1, 2]) {
    const { id } = submission()
    await kubernetes.submit(submission({ world }))
    await kubernetes.stop(id)
    assert.deepEqual(await kubernetes.state(id), { kind: 'unknown' })
    await kubernetes.stop(id)
    for (const plural of ['jobs', 'jobsets', 'pods', 'networkpolicies'])
      assert.deepEqual(api.names(plural), [], plural)
  }
})

test('what a container printed before it failed is told', async t => {
  const { api, kubernetes } = await open(t)
  const own = structuredClone(template)
  Object.assign(own.template.spec.containers[0]!, {
    command: ['sh', '-c', 'echo no such file; exit 9'],
  })
  api.put('v1', 'podtemplates', own)
  const { id } = submission()
  await kubernetes.submit(submission())
  await eventually('its end', async () => (await kubernetes.state(id)).kind === 'ended')
  assert.deepEqual(await kubernetes.logs(id), ['no such file'])
  assert.deepEqual(await kubernetes.state(id), {
    kind: 'ended',
    reason: 'BackoffLimitExceeded: Job has reached the specified backoff limit',
  })
})

test('a token that is replaced counts at once; what is refused says why', async t => {
  const { api, kubernetes } = await open(t)
  api.isFull = true
  api.token = 'token-2'
  const refused = (message: RegExp) => (error: Error) => {
    assert.ok(error instanceof EngineRefusal, String(error))
    assert.match(error.message, message)
    return true
  }
  await assert.rejects(kubernetes.submit(submission()), refused(/^HTTP 401: Unauthorized$/))
  await writeFile(join(account, 'token'), 'token-2')
  await kubernetes.submit(submission())
  const weak = await KubernetesApi.start([])
  t.after(() => weak.close())
  const options = { account, template: 'trainyard-rank', queue: null }
  weak.token = 'token-2'
  await assert.rejects(
    new Kubernetes({ ...options, url: weak.url }).submit(submission()),
    refused(/^HTTP 403: User cannot get resource "podtemplates" in API group ""/),
  )
  const other = new Kubernetes({ ...options, url: api.url, template: 'gone' })
  await assert.rejects(
    other.submit(submission()),
    refused(/^there is no PodTemplate 'gone' \(TRAINYARD_KUBERNETES_TEMPLATE\)$/),
  )
})

test('a template without the container of trainers is refused with those that it has', async t => {
  const { api, kubernetes } = await open(t)
  const own = structuredClone(template)
  Object.assign(own.template.spec.containers[0]!, { name: 'main' })
  api.put('v1', 'podtemplates', own)
  await assert.rejects(
    kubernetes.submit(submission()),
    /the PodTemplate has no container 'rank', but main/,
  )
})

test('the objects of an attempt fit the published schemas', needsKubernetesSchemas, async t => {
  const { api, kubernetes } = await open(t, 'gpu-queue')
  api.isFull = true
  await kubernetes.submit(submission({ gpus: 1 }))
  await kubernetes.submit(submission({ id: 'trainyard-job-2-1', world: 2, gpus: 8 }))
  const [job, set, policy] = api.made as unknown as [object, never, object]
  const { spec } = set as { spec: { replicatedJobs: { template: { spec: object } }[] } }
  // JobSet has no published JSON schema; its part is a Job
  const inner = { ...job, spec: spec.replicatedJobs[0]!.template.spec }
  const file = join(account, 'objects.json')
  await writeFile(file, JSON.stringify([job, inner, policy]))
  assert.deepEqual(await problemsOf(file), [])
})

test('the ranks of a gang find each other by the names that a JobSet gives its pods', async t => {
  const { api, kubernetes } = await open(t)
  await kubernetes.submit(submission({ world: 2, gpus: 1 }))
  const [set, policy] = api.made
  assert.equal(set!.kind, 'JobSet')
  const { network, replicatedJobs, failurePolicy } = set!.spec as never as Record<string, never>
  assert.deepEqual(network, {
    enableDNSHostnames: true,
    subdomain: 'trainyard-job-1-1',
    publishNotReadyAddresses: true,
  })
  assert.deepEqual(failurePolicy, { maxRestarts: 0 })
  const [group] = replicatedJobs as unknown as [
    { name: string; template: { spec: { parallelism: number; template: { spec: never } } } },
  ]
  const { parallelism, template: pods } = group.template.spec
  assert.equal(parallelism, 2)
  const { containers } = pods.spec as { containers: { env: object[]; resources: object }[] }
  assert.deepEqual(containers[0]!.env.slice(-2), [
    {
      name: 'TRAINYARD_RANK_HOST',
      value: 'trainyard-job-1-1-rank-0-$(TRAINYARD_RANK).trainyard-job-1-1',
    },
    { name: 'TRAINYARD_LEADER', value: 'trainyard-job-1-1-rank-0-0.trainyard-job-1-1' },
  ])
  assert.deepEqual(containers[0]!.resources, {
    requests: { cpu: '4', memory: '1073741824' },
    limits: { memory: '1073741824', 'nvidia.com/gpu': '1' },
  })
  const { uid } = api.find('jobsets', 'trainyard-job-1-1')!.metadata
  assert.equal(policy!.kind, 'NetworkPolicy')
  assert.equal(policy!.metadata.ownerReferences![0]!.uid, uid)
})
