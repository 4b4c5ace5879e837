import type { DatasetRequest } from '../../spec/dataset-request.js'
import type { JobPatch, JobRequest } from '../../spec/job.js'
import type { JobsAction } from '../../spec/job-actions.js'
import type { JobSelection } from '../../spec/job-queries.js'
import type { SignIn } from '../../spec/session.js'
import type { StreamTicketRequest } from '../../spec/stream-ticket.js'
import type { WebhookRequest } from '../../spec/webhook.js'

declare module 'fastify' {
  interface FastifySchema {
    /** Examples of the body, by media type. Every operation with a body has one for each type that is text. */
    requestExamples?: RequestExamples
    /**
     * Media types of the body that another operation describes. Generators of clients that find JSON beside a form
     * would not let files be sent.
     */
    describedElsewhere?: readonly string[]
    /** Whether a request may have no body. */
    optionalBody?: boolean
  }
}

export type RequestExamples = Readonly<Record<string, Readonly<Record<string, Example>>>>

interface Example {
  summary: string
  value: unknown
}

export const json = (examples: Record<string, Example>): RequestExamples => ({
  'application/json': examples,
})

export const jobExamples = json({
  network: {
    summary: 'a ResNet-18 on images',
    value: {
      name: 'flowers',
      dataset: 'flowers',
      model: { kind: 'resnet', depth: 18 },
      training: {
        epochs: 20,
        optimizer: { kind: 'sgd', momentum: 0.9 },
        learningRate: { schedule: 'cosine', peak: 0.05, warmupSteps: 100 },
        augment: { flip: true, padCrop: 4 },
      },
      labels: { team: 'vision' },
    } satisfies JobRequest,
  },
  boosting: {
    summary: 'boosted trees on a table',
    value: {
      dataset: 'houses',
      model: { kind: 'boosting', objective: 'regression', rounds: 500, learningRate: 0.1 },
      training: { target: 'price', earlyStopping: { patience: 20 } },
    } satisfies JobRequest,
  },
  prediction: {
    summary: 'predictions of all records of a data set, as a data set',
    value: {
      dataset: 'houses-2026',
      predict: { model: 'houses-boosting', alias: 'production', datasetName: 'houses-valued' },
    } satisfies JobRequest,
  },
  fineTuning: {
    summary: 'fine-tuning: start from a model, and train only its last layer',
    value: {
      dataset: 'flowers',
      model: { kind: 'resnet', depth: 18 },
      initFrom: { model: 'imagenet-18' },
      freeze: ['resnet/conv*'],
    } satisfies JobRequest,
  },
})

export const updateJobExamples = json({
  labels: {
    summary: 'sets one label and removes another',
    value: { labels: { keep: 'yes', draft: null } } satisfies JobPatch,
  },
  priority: {
    summary: 'lets a waiting job go first',
    value: { name: 'digits-final', priority: 10 } satisfies JobPatch,
  },
  resources: {
    summary: 'lets a paused network go on with two processes, on workers with any label',
    value: { resources: { workers: 2, labels: null } } satisfies JobPatch,
  },
})

export const cancelJobsExamples = json({
  byLabel: {
    summary: 'the waiting jobs of a team',
    value: { status: ['queued'], labels: { team: 'vision' } } satisfies JobSelection,
  },
})

export const actOnJobsExamples = json({
  byId: {
    summary: 'deletes two jobs',
    value: {
      action: 'delete',
      ids: ['job-01k9zq3w2hfx6t9r4m8v0c5b7e', 'job-01k9zq3w2hfx6t9r4m8v0c5b7f'],
    } satisfies JobsAction,
  },
  bySelection: {
    summary: 'tries the failed jobs of a sweep again',
    value: {
      action: 'retry',
      selection: { status: ['failed'], labels: { sweep: 'lr' } },
    } satisfies JobsAction,
  },
})

const file = '(binary)'

export const datasetExamples: RequestExamples = {
  'multipart/form-data': {
    table: {
      summary: 'a CSV file',
      value: { file: [file], name: 'houses', target: 'price', schema: '{"zip":"category"}' },
    },
    images: {
      summary: 'an IDX pair',
      value: { file: [file, file], name: 'digits', labels: '["zero","one"]' },
    },
  },
}

export const sourceExamples: RequestExamples = {
  'application/json': {
    url: {
      summary: 'a file that the server fetches',
      value: {
        name: 'houses',
        source: { kind: 'url', url: 'https://data.example/houses.csv' },
        target: 'price',
      } satisfies DatasetRequest,
    },
    uploads: {
      summary: 'files of resumable uploads',
      value: {
        name: 'digits',
        source: { kind: 'upload', uploads: ['up-0123456789abcdef0123456789abcdef'] },
        labels: ['zero', 'one'],
      } satisfies DatasetRequest,
    },
  },
}

export const weightsExamples: RequestExamples = {
  'multipart/form-data': {
    checkpoint: {
      summary: 'the two files of a TensorFlow checkpoint',
      value: { file: [file, file], name: 'resnet-50', normalize: 'caffe' },
    },
  },
}

export const predictExamples: RequestExamples = {
  'application/json': {
    rows: {
      summary: 'rows of a table',
      value: { instances: [{ area: 120, rooms: 4, zip: '8001' }], explain: true },
    },
    images: {
      summary: 'an image of 2x2 pixels, as [height][width]',
      value: {
        instances: [
          [
            [0, 255],
            [255, 0],
          ],
        ],
      },
    },
    files: {
      summary: 'an image file in base64',
      value: {
        instances: [
          {
            b64: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg==',
          },
        ],
      },
    },
  },
  'text/csv': {
    rows: { summary: 'a header and rows', value: 'area,rooms,zip\n120,4,8001\n' },
  },
  'multipart/form-data': {
    images: { summary: 'two image files', value: { image: [file, file] } },
  },
}

export const explainExamples: RequestExamples = {
  ...predictExamples,
  'application/json': {
    ...predictExamples['application/json'],
    rows: {
      summary: 'rows of a table',
      value: { instances: [{ area: 120, rooms: 4, zip: '8001' }] },
    },
  },
}

export const webhookExamples = json({
  ended: {
    summary: 'when a job of a team has ended',
    value: {
      url: 'https://hooks.example/trainyard',
      events: ['job.succeeded', 'job.failed'],
      labels: { team: 'vision' },
    } satisfies WebhookRequest,
  },
})

export const signInExamples = json({
  remembered: {
    summary: 'on a computer of your own',
    value: { key: 'ty_…', remember: true } satisfies SignIn,
  },
})

export const streamTicketExamples = json({
  metrics: {
    summary: "to draw a job's loss in a page",
    value: {
      path: '/jobs/job-01k9zq4t7mhg2s8v5x3c6b1n0d/metrics?names=loss',
    } satisfies StreamTicketRequest,
  },
})
