import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import type { Execution, PredictionStatistics } from '../../serving/statistics.js'
import { paddedSize } from '../../spec/batch-sizes.js'
import { BoundedLabels } from './bounded-labels.js'
import {
  type CounterSeries,
  getOrCreate,
  type HistogramSeries,
  SeriesCounter,
  SeriesHistogram,
} from './series.js'

/** The label of models that have none of their own. No model can have this name. */
const otherModels = '(other)'

/** What is counted of a model. What it has not had yet is null or missing. */
interface ModelSeries {
  model: string
  requests: Map<number, CounterSeries>
  errors: Map<string, CounterSeries>
  predictions: CounterSeries | null
  durations: HistogramSeries | null
  batches: Map<number | 'rows', CounterSeries>
  queueSeconds: CounterSeries | null
  decodeSeconds: CounterSeries | null
  runSeconds: CounterSeries | null
}

const seriesOf = (model: string): ModelSeries => ({
  model,
  ...{ requests: new Map(), errors: new Map(), batches: new Map() },
  ...{ predictions: null, durations: null, queueSeconds: null },
  ...{ decodeSeconds: null, runSeconds: null },
})

/** Answered requests for predictions, by model. */
export class PredictionMetrics {
  private readonly requests: SeriesCounter
  private readonly errors: SeriesCounter
  private readonly predictions: SeriesCounter
  private readonly durations: SeriesHistogram
  private readonly batches: SeriesCounter
  private readonly queueSeconds: SeriesCounter
  private readonly computeSeconds: SeriesCounter
  private readonly models = new BoundedLabels<ModelSeries>(series => this.forget(series))
  private readonly others = seriesOf(otherModels)

  constructor(registry: Registry) {
    const counter = (name: string, help: string) =>
      new SeriesCounter({ registry, name: `trainyard_${name}`, help })
    this.requests = counter('prediction_requests_total', 'Answered requests for predictions.')
    this.errors = counter(
      'prediction_errors_total',
      'Requests for predictions that were answered with an error, by its code.',
    )
    this.predictions = counter('predictions_total', 'Images and rows that were predicted.')
    this.durations = new SeriesHistogram({
      registry,
      name: 'trainyard_prediction_duration_seconds',
      help: 'From the arrival of a whole request for predictions to the end of its response.',
      buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
    })
    this.batches = counter(
      'prediction_batches_total',
      'Batches that ran, by their size, rounded up to 1, 2, 4, 8, 16 or 32; or rows.',
    )
    this.queueSeconds = counter(
      'prediction_queue_seconds_total',
      'How long requests waited for their turn, added up.',
    )
    this.computeSeconds = counter(
      'prediction_compute_seconds_total',
      'How long batches took, added up: to decode files, and to run.',
    )
  }

  /** Counts the batches that run, and the requests of the app's later routes that set `prediction`. */
  observe(app: FastifyInstance, statistics: Pick<PredictionStatistics, 'onExecution'>): void {
    app.addHook('onListen', async () =>
      statistics.onExecution(execution => this.addBatch(execution)),
    )
    app.decorateRequest('prediction', null)
    app.addHook('onResponse', ({ prediction }, { statusCode }, done) => {
      if (prediction) this.addRequest(prediction, statusCode)
      done()
    })
  }

  private addRequest({ model: name, startedAt, count, code }: Prediction, status: number): void {
    const series = this.series(name)
    const { model } = series
    if (code !== undefined)
      getOrCreate(series.errors, code, () => this.errors.add({ model, code })).value++
    getOrCreate(series.requests, status, () => this.requests.add({ model, status })).value++
    series.durations ??= this.durations.add({ model })
    series.durations.observe((performance.now() - startedAt) / 1000)
    series.predictions ??= this.predictions.add({ model })
    series.predictions.value += count
  }

  private addBatch({ name, size, queuedMs, inputMs, inferMs, outputMs }: Execution): void {
    const series = this.series(name)
    const { model } = series
    const padded = size === null ? 'rows' : paddedSize(size)
    getOrCreate(series.batches, padded, () => this.batches.add({ model, size: padded })).value++
    series.queueSeconds ??= this.queueSeconds.add({ model })
    for (const ms of queuedMs) series.queueSeconds.value += ms / 1000
    series.decodeSeconds ??= this.computeSeconds.add({ model, step: 'decode' })
    series.decodeSeconds.value += inputMs / 1000
    series.runSeconds ??= this.computeSeconds.add({ model, step: 'run' })
    series.runSeconds.value += (inferMs + outputMs) / 1000
  }

  private series(model: string): ModelSeries {
    return this.models.use(model, () => seriesOf(model)) ?? this.others
  }

  private forget(series: ModelSeries): void {
    for (const each of series.requests.values()) this.requests.remove(each)
    for (const each of series.errors.values()) this.errors.remove(each)
    for (const each of series.batches.values()) this.batches.remove(each)
    if (series.queueSeconds) this.queueSeconds.remove(series.queueSeconds)
    if (series.decodeSeconds) this.computeSeconds.remove(series.decodeSeconds)
    if (series.runSeconds) this.computeSeconds.remove(series.runSeconds)
    if (series.predictions) this.predictions.remove(series.predictions)
    if (series.durations) this.durations.remove(series.durations)
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
