import type { ChangesPage } from '../../spec/changes.js'
import type { Checkpoint } from '../../spec/checkpoint.js'
import type { DatasetManifest } from '../../spec/dataset.js'
import type { DatasetImport } from '../../spec/dataset-import.js'
import type { EvaluationRecordPage } from '../../spec/evaluation-records.js'
import type { Job, JobRequest } from '../../spec/job.js'
import type { LogPage } from '../../spec/job-log.js'
import type { CancelledJobs, JobPlan } from '../../spec/job-queries.js'
import type { MetricsPage } from '../../spec/metrics.js'
import type { ModelView, RemovedVersions } from '../../spec/model.js'
import type { Problem } from '../../spec/problem.js'
import type { Session } from '../../spec/session.js'
import type { StreamTicket } from '../../spec/stream-ticket.js'
import type { CreatedWebhook, Delivery, Webhook } from '../../spec/webhook.js'
import type { WeightsManifest, WeightsSummary } from '../../spec/weights.js'
import { datasetAnswerExamples } from './dataset-examples.js'
import { jobExamples } from './job-examples.js'
import { predictionAnswerExamples } from './prediction-examples.js'
import { previewExamples } from './preview-examples.js'
import { protocolAnswerExamples } from './protocol-examples.js'
import { referenceExamples } from './reference-examples.js'
import { serverExamples, timeEstimate } from './server-examples.js'
import { watchAnswerExamples } from './watch-examples.js'

const jobId = 'job-01k9zq4t7mhg2s8v5x3c6b1n0d'
const datasetRef = { id: 'ds-5f2a9c81d04b7e36', name: 'houses' }
const at = (time: string) => `2026-03-02T${time}.000Z`

const request: JobRequest = {
  dataset: 'houses',
  model: { kind: 'boosting', rounds: 200 },
  labels: { team: 'pricing' },
}

const modelOptions: Job['model'] = {
  kind: 'boosting',
  objective: 'regression',
  rounds: 200,
  maxDepth: 6,
  learningRate: 0.3,
  subsample: 1,
  columnSample: 1,
  minChildWeight: 1,
  lambda: 1,
  alpha: 0,
  gamma: 0,
  maxBins: 256,
  treeMethod: 'hist',
  quantile: [],
  monotone: {},
  categorical: [],
}

const training: Job['training'] = {
  steps: 200,
  target: 'price',
  features: ['area', 'rooms', 'zip'],
  sampleWeight: null,
  group: null,
  classWeights: null,
  offset: null,
  classes: null,
  validation: { fraction: 0.1, by: 'random', column: null },
  earlyStopping: null,
  exportBest: true,
  seed: 1,
  logEvery: 1,
  checkpointEvery: null,
  checkpointSeconds: null,
  keepCheckpoints: 3,
  rows: 18_000,
}

const memory = {
  engineBytes: 120_000_000,
  stateBytes: 900_000,
  stepBytes: 300_000,
  totalBytes: 121_200_000,
}

const planned = {
  name: 'houses-boosting',
  model: modelOptions,
  dataset: datasetRef,
  training,
  predict: null,
  initFrom: null,
  initialized: null,
  normalization: null,
  serving: null,
  freeze: [],
  priority: 0,
  labels: { team: 'pricing' },
  resources: null,
  memory,
  notes: [],
}

const metrics = { loss: 0.118, rmse: 0.343, validationLoss: 0.164, validationRmse: 0.405 }

const job: Job = {
  id: jobId,
  ...planned,
  request,
  status: 'succeeded',
  requested: null,
  phase: null,
  queue: null,
  waitingFor: null,
  attempt: 1,
  progress: { step: 200, steps: 200, fraction: 1, etaSeconds: null, resumedFrom: 0 },
  createdAt: at('09:30:00'),
  startedAt: at('09:30:01'),
  finishedAt: at('09:30:09'),
  transitions: [
    { status: 'queued', at: at('09:30:00'), attempt: 0 },
    { status: 'running', at: at('09:30:01'), attempt: 1 },
    { status: 'succeeded', at: at('09:30:09'), attempt: 1 },
  ],
  metrics,
  best: {
    loss: { value: 0.118, step: 200 },
    rmse: { value: 0.343, step: 200 },
    validationLoss: { value: 0.161, step: 174 },
    validationRmse: { value: 0.401, step: 174 },
  },
  removedCheckpoints: null,
  failure: null,
  result: { model: { id: 'houses-boosting', version: 1 }, dataset: null, stoppedEarly: false },
}

const jobPlan: JobPlan = {
  dryRun: true,
  ...planned,
  ...{ steps: 200, stepsPerEpoch: null, parameters: null },
  timeEstimate,
}

const dataset: DatasetManifest = {
  ...datasetRef,
  createdAt: at('09:29:40'),
  kind: 'table',
  records: 20_000,
  columns: [
    { name: 'area', type: 'number', missing: 0, distinct: 2310, min: 18, max: 412, mean: 97.4 },
    { name: 'rooms', type: 'integer', missing: 12, distinct: 11, min: 1, max: 11, mean: 3.6 },
    {
      name: 'zip',
      type: 'category',
      missing: 0,
      distinct: 2,
      categories: ['8001', '8002'],
      counts: [11_200, 8800],
    },
    { name: 'price', type: 'number', missing: 0, distinct: null, min: 0.1, max: 9.2, mean: 1.3 },
  ],
  target: 'price',
  sample: [[120, 4, '8001', 1.9]],
  shards: [
    {
      name: 'part-00000.arrow',
      records: 20_000,
      bytes: 326_400,
      sha256: '6b1f0c0a4f1d7c3a9be27d5ce0f84a12b3c6d7e8f90a1b2c3d4e5f6071829304',
    },
  ],
}

const evaluationRecords: EvaluationRecordPage = {
  model: 'digits',
  version: 1,
  step: 200,
  dataset: datasetRef.id,
  kind: 'classes',
  items: [
    {
      index: 59_421,
      label: '4',
      predicted: '9',
      probability: 0.983,
      labelProbability: 0.014,
    },
  ],
  total: 1,
  evaluated: 6000,
  leftOut: 0,
  nextCursor: null,
}

const model: ModelView = {
  id: 'houses-boosting',
  versions: [1],
  aliases: ['production'],
  stage: null,
  note: null,
  tags: { approved: 'yes' },
  name: 'houses-boosting',
  version: 1,
  jobId,
  createdAt: at('09:30:09'),
  dataset: datasetRef,
  step: 200,
  labels: [],
  metrics,
  model: modelOptions,
  target: 'price',
  input: {
    columns: [
      { name: 'area', type: 'number', categories: null },
      { name: 'rooms', type: 'integer', categories: null },
      { name: 'zip', type: 'category', categories: ['8001', '8002'] },
    ],
  },
  featureImportance: [
    { column: 'area', gain: 812.5, weight: 540, cover: 1290.4 },
    { column: 'zip', gain: 133.1, weight: 122, cover: 980.7 },
    { column: 'rooms', gain: 41.7, weight: 210, cover: 615.2 },
  ],
}

const metricsPage: MetricsPage = {
  points: { loss: [{ step: 1, value: 0.93, time: at('09:30:02') }] },
  damagedLines: 0,
  nextCursor: null,
}

const logPage: LogPage = {
  items: [{ attempt: 1, time: at('09:30:01'), line: 'attempt 1 starts' }],
  nextCursor: null,
}

const checkpoint: Checkpoint = {
  step: 200,
  createdAt: at('09:30:09'),
  attempt: 1,
  latest: true,
  best: false,
  format: 'xgboost',
  prefix: null,
  evaluation: null,
  files: [
    {
      name: 'model.ubj',
      bytes: 412_880,
      sha256: '0d9c1b7e5a3f2846b8c0d1e2f3a4958677f6e5d4c3b2a190817263544536271a',
    },
  ],
}

const webhook: Webhook = {
  id: 'wh-01k9zq4t7mhg2s8v5x3c6b1n0d',
  url: 'https://hooks.example/trainyard',
  events: ['job.succeeded', 'job.failed'],
  labels: { team: 'vision' },
  createdAt: at('09:00:00'),
  disabled: null,
}

const datasetImport: DatasetImport = {
  id: 'imp-01k9zq3w2hfx6t9r4m8v0c5b7e',
  status: 'converting',
  source: ['https://data.example/houses.csv'],
  name: 'houses',
  createdAt: at('09:00:00'),
  updatedAt: at('09:01:12'),
  finishedAt: null,
  progress: {
    phase: 'reading',
    unit: 'bytes',
    done: 3_221_225_472,
    total: 10_737_418_240,
    fraction: 0.3,
    etaSeconds: 95.2,
  },
  dataset: null,
  created: null,
  problem: null,
}

const createdWebhook: CreatedWebhook = {
  ...webhook,
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
}

const delivery: Delivery = {
  id: 'msg_01k9zq5a0c4d8e2f6g1h3j5k7m',
  event: 'job.succeeded',
  job: jobId,
  at: at('09:30:09'),
  status: 'delivered',
  attempts: [{ startedAt: at('09:30:10'), durationMs: 84, statusCode: 204, error: null }],
  nextAttemptAt: null,
}

const weightsFields = {
  id: 'wt-91c4d27be0563af8',
  name: 'resnet-50',
  createdAt: at('08:12:30'),
  format: 'v2' as const,
  prefix: 'resnet_v1_50.ckpt',
  bytes: 102_540_288,
  normalize: 'caffe' as const,
}

const weights: WeightsManifest = {
  ...weightsFields,
  tensors: [{ name: 'resnet_v1_50/conv1/weights', dtype: 'float32', shape: [7, 7, 3, 64] }],
}
const weightsSummary: WeightsSummary = { ...weightsFields, tensors: 267 }

const changesPage: ChangesPage = {
  events: [
    {
      id: '1772443809000-0-5c1e9a40',
      type: 'job.succeeded',
      timestamp: at('09:30:09'),
      data: {
        id: jobId,
        name: 'houses-boosting',
        status: 'succeeded',
        attempt: 1,
        requested: null,
        failure: null,
        model: { id: 'houses-boosting', version: 1 },
      },
    },
  ],
  lastEventId: '1772443809000-0-5c1e9a40',
}

const cancelledJobs: CancelledJobs = { count: 1, cancelled: [jobId], cancelling: [] }
const session: Session = {
  caller: 'key-5e884898',
  remember: true,
  expiresAt: '2026-04-01T10:15:30.000Z',
}
const streamTicket: StreamTicket = {
  ticket: 'tk_tbq2oc_Qm9W0rq8lTq5vAq3c0o2Jx7dUe1Zf6yHkNn4sGtP8iw',
  url: `/jobs/${jobId}/metrics?names=loss&ticket=tk_tbq2oc_Qm9W0rq8lTq5vAq3c0o2Jx7dUe1Zf6yHkNn4sGtP8iw`,
  expiresAt: at('10:16:30'),
}
const removedVersions: RemovedVersions = { versions: [1], freedBytes: 412_880, aliases: [] }

const problem: Problem = {
  type: 'about:blank',
  title: 'Bad Request',
  status: 400,
  code: 'INVALID_REQUEST',
  detail: "unknown field 'epoch'; did you mean 'epochs'?",
  instance: 'urn:uuid:3f1c9a52-7c0f-4a53-9d27-0b8f6f0f2f5e',
  errors: [
    {
      path: '/training/epoch',
      code: 'unknown',
      message: "unknown field 'epoch'; did you mean 'epochs'?",
    },
  ],
}

const pageOf = (item: object) => ({ items: [item], damaged: [], total: 1, nextCursor: null })

/** Examples of answers, by the name of their schema in the document. */
export const answerExamples: Readonly<Record<string, object>> = {
  Job: job,
  JobPage: pageOf(job),
  JobPlan: jobPlan,
  Dataset: dataset,
  DatasetPage: pageOf(dataset),
  ...datasetAnswerExamples,
  Model: model,
  ModelPage: pageOf(model),
  ...referenceExamples,
  ...watchAnswerExamples,
  MetricsPage: metricsPage,
  LogPage: logPage,
  Checkpoint: checkpoint,
  EvaluationRecordPage: evaluationRecords,
  ...predictionAnswerExamples,
  DatasetImport: datasetImport,
  ImportPage: pageOf(datasetImport),
  Webhook: webhook,
  WebhookPage: pageOf(webhook),
  CreatedWebhook: createdWebhook,
  Delivery: delivery,
  DeliveryPage: pageOf(delivery),
  Weights: weights,
  WeightsSummary: weightsSummary,
  WeightsPage: pageOf(weightsSummary),
  ChangesPage: changesPage,
  CancelledJobs: cancelledJobs,
  RemovedVersions: removedVersions,
  Session: session,
  StreamTicket: streamTicket,
  ...serverExamples,
  ...jobExamples,
  ...previewExamples,
  ...protocolAnswerExamples,
  Problem: problem,
}
