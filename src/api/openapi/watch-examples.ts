import type {
  DriftReport,
  RequestSamplePage,
  SampleSettings,
  Watch,
  WatchRequest,
} from '../../spec/model-watch.js'
import { json } from './request-examples.js'

const samples: SampleSettings = {
  share: 0.01,
  maxBytes: 104_857_600,
  maxAgeDays: 30,
  inputs: true,
}

const drift: DriftReport = {
  model: 'houses',
  version: 3,
  from: '2026-03-01',
  to: '2026-03-07',
  rows: { predicted: 48_210, counted: 48_210 },
  thresholds: { moderate: 0.1, large: 0.25 },
  inputs: {
    reference: { part: 'training', rows: 20_000, of: 81_000 },
    status: 'large',
    worst: { name: 'rooms', psi: 0.41 },
    features: [
      {
        name: 'rooms',
        kind: 'number',
        status: 'large',
        psi: 0.41,
        jensenShannon: 0.07,
        ks: 0.29,
        rowsNeeded: 300,
        bins: [
          { name: '< 1', reference: 0, live: 0 },
          { name: '[1, 3]', reference: 11_000, live: 12_930 },
          { name: '(3, 9]', reference: 9000, live: 35_280 },
          { name: '> 9', reference: 0, live: 0 },
          { name: '(missing)', reference: 0, live: 0 },
        ],
      },
    ],
  },
  scores: {
    reference: { part: 'validation', rows: 9000, of: 9000 },
    status: 'not_enough',
    worst: null,
    features: [],
  },
  notes: [],
}

const page: RequestSamplePage = {
  items: [
    {
      id: '01jnb5w0m0zk3v9f7q2r8t6y4x',
      at: '2026-03-02T10:15:00.000Z',
      model: 'houses',
      version: 3,
      instances: 1,
      input: { rows: [{ area: 81.5, rooms: 4, zip: null }] },
      output: { outputs: 1, values: [312_000] },
    },
  ],
  damagedLines: 0,
  nextCursor: null,
}

/** Examples of answers about the watching of models, by the name of their schema. */
export const watchAnswerExamples = {
  DriftReport: drift,
  RequestSamplePage: page,
  Watch: {
    model: 'houses',
    samples,
    stored: { files: 2, bytes: 1_204_881 },
    counts: { kept: 482, dropped: 0, removed: 0 },
  } satisfies Watch,
}

export const watchExamples = json({
  share: {
    summary: 'keeps one in a hundred requests',
    value: { samples: { share: 0.01 } } satisfies WatchRequest,
  },
  answers: {
    summary: 'keeps all answers, without the rows or images, for a week',
    value: { samples: { share: 1, maxAgeDays: 7, inputs: false } } satisfies WatchRequest,
  },
  off: { summary: 'keeps no more', value: { samples: null } satisfies WatchRequest },
})
