import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Jobs } from '../jobs/jobs.js'
import type { Predictor } from '../models/predictor-client.js'
import type { Webhooks } from '../webhooks/webhooks.js'
import { eventStreamType } from './http/content-negotiation.js'
import { version } from './openapi.js'

export interface TelemetryDeps {
  jobs: Pick<Jobs, 'statistics'>
  predictor: Pick<Predictor, 'ready'>
  webhooks: Pick<Webhooks, 'attempts' | 'pending'>
}

export interface Telemetry {
  contentType: string
  /** In Prometheus's text format, as it is now. */
  scrape(): Promise<string>
}

/** Node's own numbers, those of requests, and those of the parts. */
export function instrument(app: FastifyInstance, deps: TelemetryDeps): Telemetry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  instrumentRequests(app, registry)
  const update = createGauges(registry, deps)
  const scrape = async () => {
    await update()
    return registry.metrics()
  }
  return { contentType: registry.contentType, scrape }
}

/** By route pattern, never by URL: there are only so many, whatever clients send. */
function instrumentRequests(app: FastifyInstance, registry: Registry): void {
  const requests = new Counter({
    name: 'trainyard_http_requests_total',
    help: 'Requests answered.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  })
  const durations = new Histogram({
    name: 'trainyard_http_request_duration_seconds',
    help: 'From the head of a request to the end of its answer; live streams are left out.',
    labelNames: ['method', 'route'],
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
    registers: [registry],
  })
  app.addHook('onResponse', async ({ method, routeOptions }, reply) => {
    const route = routeOptions.url ?? 'none'
    requests.inc({ method, route, status: reply.statusCode })
    const type = String(reply.getHeader('content-type') ?? '')
    if (type.startsWith(eventStreamType)) return
    durations.observe({ method, route }, reply.elapsedTime / 1000)
  })
}

function createGauges(registry: Registry, { jobs, predictor, webhooks }: TelemetryDeps) {
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name: `trainyard_${name}`, help, labelNames, registers: [registry] })
  gauge('build_info', 'Always 1; the labels say what runs.', 'version', 'node').set(
    { version, node: process.version },
    1,
  )
  const ready = gauge('predictor_ready', 'Whether the predictor answers: 1 or 0.')
  const redis = gauge('redis_up', 'Whether Redis answers: 1 or 0.')
  const byStatus = gauge('jobs', 'Jobs by status; a running one has a trainer.', 'status')
  const waiting = gauge('queue_jobs', 'Jobs in the queue that no worker has taken.')
  const oldest = gauge('queue_oldest_seconds', 'Since the oldest queued job was submitted.')
  const pending = gauge('webhook_deliveries_pending', 'Webhook messages not delivered yet.')
  const attempts = new Counter({
    name: 'trainyard_webhook_attempts_total',
    help: 'Calls of webhooks.',
    labelNames: ['outcome'],
    registers: [registry],
  })

  return async () => {
    ready.set(predictor.ready() ? 1 : 0)
    pending.set(webhooks.pending)
    attempts.reset()
    for (const [outcome, count] of Object.entries(webhooks.attempts)) {
      attempts.inc({ outcome }, count)
    }
    // what nobody can tell is left out, not shown as it was
    byStatus.reset()
    waiting.remove()
    oldest.remove()
    const statistics = await jobs.statistics().catch(() => null)
    redis.set(statistics ? 1 : 0)
    if (!statistics) return
    for (const [status, count] of Object.entries(statistics.jobs)) byStatus.set({ status }, count)
    waiting.set(statistics.waiting)
    oldest.set(statistics.oldestWaitingSeconds)
  }
}
