// Every operation of the API is a call of the client, or is listed with the reason why not.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { Client } from '../../src/client/client.js'

type Call = (client: Client) => unknown

const rows = [{ a: 1 }]
const job = { model: { kind: 'boosting' as const }, dataset: 'd' }
const csv = [{ name: 'a.csv', content: new Blob(['a,b\n1,2\n']) }]
const first = async (items: AsyncGenerator<unknown>) => {
  await items.next()
  await items.return(undefined)
}

const calls: Record<string, Call> = {
  getHealth: c => c.server.health(),
  getReadiness: c => c.server.readiness({ require: 'worker' }),
  getServer: c => c.server.info(),
  listWorkers: c => c.server.workers(),
  drainWorker: c => c.server.drainWorker('w', 'finish'),
  resumeWorker: c => c.server.resumeWorker('w'),
  getServerMetrics: c => c.server.metrics(),
  signIn: c => c.session.signIn('key'),
  getSession: c => c.session.get(),
  signOut: c => c.session.signOut(),
  createStreamTicket: c => c.session.streamTicket({ path: '/events' }),
  followChanges: c => first(c.events({ types: ['job'] })),
  submitJob: c => c.jobs.submit(job),
  listJobs: c => c.jobs.list({ limit: 2, status: ['queued', 'running'], where: ['a>1'] }),
  getJob: c => c.jobs.get('j'),
  updateJob: c => c.jobs.update('j', { priority: 1 }),
  deleteJob: c => c.jobs.delete('j'),
  pauseJob: c => c.jobs.pause('j'),
  resumeJob: c => c.jobs.resume('j'),
  cancelJob: c => c.jobs.cancel('j'),
  retryJob: c => c.jobs.retry('j'),
  jobFacets: c => c.jobs.facets({ status: ['queued'] }),
  actOnJobs: c => c.jobs.actOnMany({ action: 'pause', ids: ['j'] }),
  cancelJobs: c => c.jobs.cancelMatching({ name: 'a' }),
  compareMetrics: c => c.jobs.compareMetrics(['j', 'k'], { names: 'loss' }),
  getJobMetrics: c => c.jobs.metrics('j', { names: ['loss', 'accuracy'], maxPoints: 100 }),
  followJob: c => first(c.jobs.followProgress('j')),
  downloadTensorBoard: c => c.jobs.downloadTensorBoard('j'),
  getJobResources: c => c.jobs.resources('j', { maxPoints: 10 }),
  getJobLogs: c => c.jobs.logs('j', { tail: 10 }),
  listCheckpoints: c => c.jobs.checkpoints('j'),
  getCheckpoint: c => c.jobs.checkpoint('j', 3),
  downloadCheckpoint: c => c.jobs.downloadCheckpoint('j', 3),
  listEvaluationRecords: c => c.jobs.evaluationRecords('j', { limit: 3 }),
  predictWithJob: c => c.jobs.predict('j', rows, { at: 'best' }),
  explainWithJob: c => c.jobs.explain('j', rows),
  uploadDataset: c => c.datasets.push('d', csv),
  listDatasets: c => c.datasets.list({ kind: 'images' }),
  getDataset: c => c.datasets.get('d'),
  deleteDataset: c => c.datasets.delete('d'),
  listSamples: c => c.datasets.samples('d', { split: 'train' }),
  downloadDataset: c => c.datasets.download('d', 'csv'),
  getDatasetImage: c => c.datasets.image('d', 0, { asPng: true }),
  getContactSheet: c => c.datasets.contactSheet('d'),
  getContactSheetCells: c => c.datasets.sheetCells('d'),
  getColumnHistogram: c => c.datasets.histogram('d', 'price of/all', { bins: 3 }),
  listHistograms: c => c.datasets.histograms('d', { bins: 3 }),
  deriveDataset: c => c.datasets.derive('d', { steps: [] }),
  listDatasetVersions: c => c.datasets.versions('d'),
  nameDataset: c => c.datasets.setName('n', 'd'),
  diffDatasets: c => c.datasets.diff('d', 'e'),
  importDataset: c => c.datasets.create({ source: { kind: 'folder', path: '/x' } }),
  listImports: c => c.imports.list({ limit: 2 }),
  getImport: c => c.imports.get('i'),
  deleteImport: c => c.imports.delete('i'),
  followImport: c => first(c.imports.follow('i')),
  cancelImport: c => c.imports.cancel('i'),
  createUpload: c => c.uploads.create('a.csv', 8),
  sendUploadPart: c => c.uploads.append('u', 0, new Uint8Array(8)),
  deleteUpload: c => c.uploads.delete('u'),
  listModels: c => c.models.list({ tag: ['a:b'] }),
  getModel: c => c.models.get('m', { version: 2 }),
  deleteModel: c => c.models.delete('m', { version: 2, aliases: 'delete' }),
  downloadModel: c => c.models.download('m', { alias: 'best' }),
  exportModel: c => c.models.export('m', 'onnx', { version: 2 }),
  listModelVersions: c => c.models.versions('m', { limit: 3 }),
  annotateModelVersion: c => c.models.annotate('m', 2, { stage: 'staging' }),
  getModelVersionHistory: c => c.models.annotationHistory('m', 2),
  listAliases: c => c.aliases.list('m'),
  getAlias: c => c.aliases.get('m', 'best', { at: '2026-01-01' }),
  moveAlias: c => c.aliases.put('m', 'best', { version: 2 }),
  deleteAlias: c => c.aliases.delete('m', 'best', { reason: 'old' }),
  getAliasHistory: c => c.aliases.history('m', 'best'),
  rollBackAlias: c => c.aliases.rollBack('m', 'best'),
  promoteModel: c => c.models.promote('m', { version: 2, to: 'best' }),
  getModelTraffic: c => c.models.traffic('m', { alias: 'best' }),
  setModelTraffic: c => c.models.setTraffic('m', { split: [] }),
  deleteModelTraffic: c => c.models.deleteTraffic('m', { alias: 'best' }),
  getModelContract: c => c.models.contract('m'),
  getModelDrift: c => c.models.drift('m', { version: 2 }),
  getModelWatch: c => c.models.watch('m'),
  setModelWatch: c => c.models.setWatch('m', { samples: null }),
  listRequestSamples: c => c.models.requestSamples('m'),
  deleteRequestSamples: c => c.models.deleteRequestSamples('m', { version: 2 }),
  predict: c => c.models.predict('m', rows, { topK: 3 }),
  explain: c => c.models.explainRows('m', rows),
  uploadWeights: c => c.weights.upload('w', csv, { normalize: 'caffe' }),
  listWeights: c => c.weights.list({ name: 'a' }),
  getWeights: c => c.weights.get('w'),
  deleteWeights: c => c.weights.delete('w'),
  createWebhook: c => c.webhooks.create({ url: 'https://example.com' }),
  listWebhooks: c => c.webhooks.list(),
  getWebhook: c => c.webhooks.get('h'),
  deleteWebhook: c => c.webhooks.delete('h'),
  listDeliveries: c => c.webhooks.deliveries('h'),
  testWebhook: c => c.webhooks.test('h'),
}

/** Protocols that have clients of their own (docs/protocols.md). */
const otherProtocols = /^(infer|tf)[A-Z]?|^kserveExplain$/

interface Operation {
  operationId: string
  parameters?: { name: string; in: string }[]
}

const openapi = JSON.parse(
  readFileSync(new URL('../../../test/api/openapi.json', import.meta.url), 'utf8'),
) as { paths: Record<string, Record<string, Operation>> }

const operations = Object.entries(openapi.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    ...operation,
    method: method.toUpperCase(),
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
    segments: path.split('/').filter(part => !part.startsWith('{')).length,
  })),
)

let http: Server
let asked: { method: string; url: URL }[] = []
/** Answers everything, and notes what it was asked. */
before(async () => {
  http = createServer((request, response) => {
    request.resume()
    asked.push({ method: request.method!, url: new URL(request.url!, 'http://host') })
    const isStream = request.headers.accept === 'text/event-stream'
    const event = { event: 'job', data: JSON.stringify({ finishedAt: 'now' }) }
    response
      .writeHead(200, {
        'content-type': isStream ? 'text/event-stream' : 'application/json',
        location: '/uploads/u',
        'upload-offset': '8',
      })
      .end(isStream ? `event: ${event.event}\ndata: ${event.data}\n\n` : '{}')
  }).listen(0, '127.0.0.1')
  await once(http, 'listening')
})
after(() => http.close())

/** The operation that a request is; of two that fit, the one with fewer parameters. */
function operationOf(method: string, url: URL) {
  return operations
    .filter(each => each.method === method && each.pattern.test(url.pathname))
    .toSorted((a, b) => b.segments - a.segments)[0]
}

for (const [operationId, call] of Object.entries(calls)) {
  test(`the client asks for ${operationId} with parameters that it has`, async () => {
    const { port } = http.address() as AddressInfo
    const client = new Client({ url: `http://127.0.0.1:${port}`, key: 'k', retryForMs: 0 })
    asked = []
    await call(client)
    const found = asked.map(({ method, url }) => ({ of: operationOf(method, url), url }))
    const own = found.find(({ of }) => of?.operationId === operationId)
    assert.ok(own, `it asked for ${asked.map(({ method, url }) => `${method} ${url.pathname}`)}`)
    const known = own.of!.parameters?.filter(each => each.in === 'query').map(each => each.name)
    for (const name of own.url.searchParams.keys())
      assert.ok(known?.includes(name), `there is no parameter ${name}`)
  })
}

test('every operation of the API is a call of the client, or one of another protocol', () => {
  const missing = operations
    .map(({ operationId }) => operationId)
    .filter(id => !(id in calls) && !otherProtocols.test(id))
  assert.deepEqual(missing, [])
  const ids = operations.map(({ operationId }) => operationId)
  assert.deepEqual(
    Object.keys(calls).filter(id => !ids.includes(id)),
    [],
  )
})
