import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Imports } from '../datasets/imports/imports.js'
import type { CheckpointRetention } from '../jobs/checkpoint-retention.js'
import type { Jobs } from '../jobs/jobs.js'
import type { PredictorPool } from '../serving/pool/pool.js'
import type { RowPredictor } from '../serving/predictor-client.js'
import type { PredictionStatistics } from '../serving/statistics.js'
import type { TrafficRouter } from '../serving/traffic/traffic-router.js'
import { damageKinds } from '../spec/damage.js'
import type { DamageRegistry } from '../store/damage-registry.js'
import type { DiskSpace } from '../store/disk-space.js'
import type { DiskUse } from '../store/disk-use.js'
import { version } from '../version.js'
import type { Webhooks } from '../webhooks/webhooks.js'
import { eventStreamType } from './http/content-negotiation.js'
import { EventLoopHolds } from './scrape/event-loop-holds.js'
import { addJobMetrics } from './scrape/job-metrics.js'
import { metricFactory, setKnown } from './scrape/metric-factory.js'
import { PredictionMetrics } from './scrape/prediction-metrics.js'
import {
  type CounterSeries,
  getOrCreate,
  type HistogramSeries,
  SeriesCounter,
  SeriesHistogram,
} from './scrape/series.js'
import { addTrafficMetrics } from './scrape/traffic-metrics.js'
import { VersionMetrics } from './scrape/version-metrics.js'
import { addWatchMetrics, type WatchMetricsSource } from './scrape/watch-metrics.js'
import { addWorkerMetrics } from './scrape/worker-metrics.js'

export interface TelemetryDeps {
  diskUse: Pick<DiskUse, 'get'>
  jobs: Pick<Jobs, 'statistics'>
  predictor: Pick<PredictorPool, 'ready' | 'restarts' | 'inFlight' | 'state'>
  statistics: Pick<PredictionStatistics, 'onExecution' | 'onAnswer'>
  watch: WatchMetricsSource
  router: Pick<TrafficRouter, 'all'>
  rowPredictor: Pick<RowPredictor, 'restarts' | 'inFlight'>
  webhooks: Pick<Webhooks, 'attempts' | 'pending'>
  imports: Pick<Imports, 'counts'>
  disk: Pick<DiskSpace, 'status'>
  damage: Pick<DamageRegistry, 'counts'>
  retention: Pick<CheckpointRetention, 'removed'>
  /** How often the supervisor has started each process again; empty without a supervisor. */
  restarts?: (() => Readonly<Record<string, number>>) | undefined
}

export interface Telemetry {
  contentType: string
  /** Current values, in Prometheus's text format. */
  scrape(): Promise<string>
}

/** Gauges that prom-client names like counters. It also has each without `_total`, by type. */
const misnamedGauges = ['handles', 'requests', 'resources'].map(
  what => `nodejs_active_${what}_total`,
)

/** Collects metrics of Node, of requests and of the parts. */
export function instrument(app: FastifyInstance, deps: TelemetryDeps): Telemetry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of misnamedGauges) registry.removeSingleMetric(name)
  instrumentEventLoop(app, registry)
  instrumentRequests(app, registry)
  instrumentRestarts(registry, deps.restarts)
  instrumentRetention(registry, deps.retention)
  new PredictionMetrics(registry).observe(app, deps.statistics)
  const versions = new VersionMetrics(registry)
  app.addHook('onListen', async () =>
    deps.statistics.onAnswer(answered => versions.answered(answered)),
  )
  const { statistics } = deps.jobs
  const updates = [
    addPartMetrics(registry, deps),
    addJobMetrics(registry, statistics),
    addWorkerMetrics(registry, statistics),
    addTrafficMetrics(registry, deps.router),
    addWatchMetrics(registry, deps.watch),
  ]
  // a scrape resets values and sets them again: two at a time would count them twice
  let running: Promise<string> | null = null
  const scrapeOnce = async () => {
    try {
      await Promise.all(updates.map(update => update()))
      return await registry.metrics()
    } finally {
      running = null
    }
  }
  const scrape = () => (running ??= scrapeOnce())
  return { contentType: registry.contentType, scrape }
}

/** Node's own lag metrics start over at each scrape, so a second reader would hide a hold from the first. */
function instrumentEventLoop(app: FastifyInstance, registry: Registry): void {
  const holds = new EventLoopHolds()
  // from when requests can arrive: the start itself holds the loop for longer
  app.server.once('listening', () => holds.start())
  app.addHook('onClose', async () => holds.close())
  const gauge = (name: string, help: string, ms: () => number | null) =>
    new Gauge({
      name: `trainyard_event_loop_${name}_seconds`,
      help,
      registers: [registry],
      collect() {
        setKnown(this, {}, toSeconds(ms()))
      },
    })
  gauge(
    'longest',
    'The longest time since the start that one piece of work held the event loop.',
    () => holds.longest.ms,
  )
  gauge(
    'longest_waited',
    'How much of that time it waited for a processor, because the machine was busy.',
    () => holds.longest.waitedMs,
  )
  gauge(
    'longest_processor',
    'The most processor time that one piece of work has held the event loop for.',
    () => holds.mostProcessorMs,
  )
}

const toSeconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000)

function instrumentRestarts(registry: Registry, restarts: TelemetryDeps['restarts'] = () => ({})) {
  new Counter({
    name: 'trainyard_restarts_total',
    help: 'How often the supervisor has started a process again that had ended or did not answer.',
    labelNames: ['process'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [process, count] of Object.entries(restarts())) this.inc({ process }, count)
    },
  })
}

function instrumentRetention(registry: Registry, { removed }: TelemetryDeps['retention']): void {
  const count = (name: string, help: string, value: () => number) =>
    new Counter({
      name: `trainyard_${name}_total`,
      help,
      registers: [registry],
      collect() {
        this.reset()
        this.inc(value())
      },
    })
  count(
    'checkpoints_removed',
    'Checkpoints of ended jobs that this process removed after TRAINYARD_CHECKPOINT_DAYS.',
    () => removed.checkpoints,
  )
  count('checkpoints_removed_bytes', 'Bytes of these checkpoints.', () => removed.bytes)
}

/** The label is the route's pattern, not the URL, so that clients cannot create labels. */
function instrumentRequests(app: FastifyInstance, registry: Registry): void {
  const requests = new SeriesCounter({
    registry,
    name: 'trainyard_http_requests_total',
    help: 'Answered requests.',
  })
  const durations = new SeriesHistogram({
    registry,
    name: 'trainyard_http_request_duration_seconds',
    help: 'From the start of a request to the end of its response, without live streams.',
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
  })
  const counts = new Map<string, CounterSeries>()
  const observed = new Map<string, HistogramSeries>()
  app.addHook('onResponse', ({ method, routeOptions }, reply, done) => {
    const { url: route = 'none' } = routeOptions
    const { statusCode: status } = reply
    const key = `${method} ${route}`
    getOrCreate(counts, `${status} ${key}`, () => requests.add({ method, route, status })).value++
    const type = String(reply.getHeader('content-type') ?? '')
    if (!type.startsWith(eventStreamType))
      getOrCreate(observed, key, () => durations.add({ method, route })).observe(
        reply.elapsedTime / 1000,
      )
    done()
  })
}

/** Folders of the data folder that have a label of their own. */
const dataFolders = [
  ...['datasets', 'jobs', 'models', 'weights', 'webhooks', 'idempotency', 'redis', '.staging'],
  'uploads',
]

function addPartMetrics(registry: Registry, deps: TelemetryDeps): () => Promise<void> {
  const { predictor, rowPredictor, webhooks, imports, disk, diskUse, damage } = deps
  const { gauge, counter } = metricFactory(registry)
  gauge('build_info', 'Always 1; the labels have the versions.', 'version', 'node').set(
    { version, node: process.version },
    1,
  )
  const ready = gauge('predictor_ready', '1 if the predictor answers, else 0.')
  const restarts = counter(
    'predictor_restarts_total',
    'How often a predictor has ended and was started again.',
    'predictor',
  )
  const inFlight = gauge(
    'predictor_requests_in_flight',
    'Requests that wait for the answer of a predictor.',
    'predictor',
  )
  const processes = gauge('predictor_processes', 'Processes that predict from images and answer.')
  const waiting = gauge('predictor_images_waiting', 'Images that wait for their turn.')
  const loaded = gauge('predictor_models', 'Models that the processes for images have loaded.')
  const loadedBytes = gauge('predictor_model_bytes', 'Memory that these models take.')
  const resident = gauge('predictor_resident_bytes', 'Memory of the processes for images.')
  const recycled = counter(
    'predictor_recycled_total',
    'How often a process for images was replaced because its memory had grown.',
  )
  const diskReady = gauge('disk_ready', '1 if the disk of the data folder takes writes, else 0.')
  const diskFree = gauge('disk_free_bytes', 'Free space on the disk of the data folder.')
  const diskTotal = gauge('disk_total_bytes', 'Size of the disk of the data folder.')
  const used = gauge(
    'data_folder_bytes',
    'What a folder of the data folder takes on the disk, measured at most every ten minutes.',
    'folder',
  )
  const pending = gauge(
    'webhook_deliveries_pending',
    'Webhook messages that are not delivered yet.',
  )
  const importing = gauge(
    'imports',
    'Data sets that this process is making, by what they do or wait for.',
    'state',
  )
  const damaged = gauge(
    'damaged',
    'Things in the data folder that cannot be used because a file is damaged.',
    'kind',
  )
  const attempts = counter(
    'webhook_attempts_total',
    'Attempts to deliver webhook messages.',
    'outcome',
  )

  return async () => {
    ready.set(predictor.ready() ? 1 : 0)
    restarts.reset()
    for (const [name, each] of Object.entries({ images: predictor, rows: rowPredictor })) {
      restarts.inc({ predictor: name }, each.restarts)
      inFlight.set({ predictor: name }, each.inFlight)
    }
    const { state } = predictor
    processes.set(state.ready)
    waiting.set(state.waitingImages)
    loaded.set(state.models)
    loadedBytes.set(state.modelBytes)
    resident.set(state.rssBytes)
    recycled.reset()
    recycled.inc(state.recycled)
    const { problem, freeBytes, totalBytes } = await disk.status()
    diskReady.set(problem === null ? 1 : 0)
    diskFree.set(freeBytes ?? Number.NaN)
    diskTotal.set(totalBytes ?? Number.NaN)
    used.reset()
    for (const [name, bytes] of diskUse.get()) {
      used.inc({ folder: dataFolders.includes(name) ? name : 'other' }, bytes)
    }
    pending.set(webhooks.pending)
    for (const [state, count] of Object.entries(imports.counts)) importing.set({ state }, count)
    const counts = damage.counts()
    for (const kind of damageKinds) damaged.set({ kind }, counts.get(kind) ?? 0)
    attempts.reset()
    for (const [outcome, count] of Object.entries(webhooks.attempts)) {
      attempts.inc({ outcome }, count)
    }
  }
}
