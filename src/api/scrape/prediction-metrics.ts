import type { FastifyInstance } from 'fastify'
import { Counter, Histogram, type Registry } from 'prom-client'
import type { Execution, PredictionStatistics } from '../../serving/statistics.js'
import { batchSizes, paddedSize } from '../../spec/batch-sizes.js'
import { BoundedLabels } from './bounded-labels.js'

/** The label of models that have none of their own. No model can have this name. */
const otherModels = '(other)'

interface ModelLabels {
  model: string
  statuses: Set<number>
  codes: Set<string>
}

const labelsOf = (model: string): ModelLabels => ({
  model,
  statuses: new Set(),
  codes: new Set(),
})

const steps = ['decode', 'run'] as const
const sizes = [...batchSizes, 'rows'] as const

/** Answered requests for predictions, by model. */
export class PredictionMetrics {
  private readonly requests: Counter
  private readonly errors: Counter
  private readonly predictions: Counter
  private readonly durations: Histogram
  private readonly batches: Counter
  private readonly queueSeconds: Counter
  private readonly computeSeconds: Counter
  private readonly models = new BoundedLabels<ModelLabels>(labels => this.forget(labels))

  constructor(registry: Registry) {
    const registers = [registry]
    this.requests = new Counter({
      name: 'trainyard_prediction_requests_total',
      help: 'Answered requests for predictions.',
      labelNames: ['model', 'status'],
      registers,
    })
    this.errors = new Counter({
      name: 'trainyard_prediction_errors_total',
      help: 'Requests for predictions that were answered with an error, by its code.',
      labelNames: ['model', 'code'],
      registers,
    })
    this.predictions = new Counter({
      name: 'trainyard_predictions_total',
      help: 'Images and rows that were predicted.',
      labelNames: ['model'],
      registers,
    })
    this.durations = new Histogram({
      name: 'trainyard_prediction_duration_seconds',
      help: 'From the arrival of a whole request for predictions to the end of its response.',
      labelNames: ['model'],
      buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
      registers,
    })
    this.batches = new Counter({
      name: 'trainyard_prediction_batches_total',
      help: 'Batches that ran, by their size, rounded up to 1, 2, 4, 8, 16 or 32; or rows.',
      labelNames: ['model', 'size'],
      registers,
    })
    this.queueSeconds = new Counter({
      name: 'trainyard_prediction_queue_seconds_total',
      help: 'How long requests waited for their turn, added up.',
      labelNames: ['model'],
      registers,
    })
    this.computeSeconds = new Counter({
      name: 'trainyard_prediction_compute_seconds_total',
      help: 'How long batches took, added up: to decode files, and to run.',
      labelNames: ['model', 'step'],
      registers,
    })
  }

  /** Counts the batches that run, and the requests of the app's later routes that set `prediction`. */
  observe(app: FastifyInstance, statistics: Pick<PredictionStatistics, 'onExecution'>): void {
    app.addHook('onListen', async () =>
      statistics.onExecution(execution => this.addBatch(execution)),
    )
    app.decorateRequest('prediction', null)
    app.addHook('onResponse', async ({ prediction }, reply) => {
      if (!prediction) return
      const { model, statuses, codes } = this.labels(prediction.model)
      statuses.add(reply.statusCode)
      if (prediction.code !== undefined) {
        codes.add(prediction.code)
        this.errors.inc({ model, code: prediction.code })
      }
      const seconds = (performance.now() - prediction.startedAt) / 1000
      this.requests.inc({ model, status: reply.statusCode })
      this.durations.observe({ model }, seconds)
      this.predictions.inc({ model }, prediction.count)
    })
  }

  private addBatch({ name, size, queuedMs, inputMs, inferMs, outputMs }: Execution): void {
    const { model } = this.labels(name)
    this.batches.inc({ model, size: size === null ? 'rows' : paddedSize(size) })
    this.queueSeconds.inc({ model }, queuedMs.reduce((sum, ms) => sum + ms, 0) / 1000)
    this.computeSeconds.inc({ model, step: 'decode' }, inputMs / 1000)
    this.computeSeconds.inc({ model, step: 'run' }, (inferMs + outputMs) / 1000)
  }

  private labels(model: string): ModelLabels {
    return this.models.use(model, () => labelsOf(model)) ?? labelsOf(otherModels)
  }

  private forget({ model, statuses, codes }: ModelLabels): void {
    for (const status of statuses) this.requests.remove({ model, status })
    for (const code of codes) this.errors.remove({ model, code })
    for (const size of sizes) this.batches.remove({ model, size })
    for (const step of steps) this.computeSeconds.remove({ model, step })
    this.queueSeconds.remove({ model })
    this.predictions.remove({ model })
    this.durations.remove({ model })
  }
}

export interface Prediction {
  model: string
  /** `performance.now()` when the whole request had arrived. */
  startedAt: number
  /** Images or rows that were predicted. */
  count: number
  /** Of the error that answers it. */
  code?: string
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set for a request that predicts with a model that exists. */
    prediction: Prediction | null
  }
}
