import type {
  AliasHistory,
  AliasRequest,
  ModelAlias,
  RollbackRequest,
} from '../../spec/model-alias.js'
import type { AnnotationHistory, AnnotationPatch } from '../../spec/model-annotation.js'
import type { Promotion, PromotionRequest } from '../../spec/model-promotion.js'
import type { Traffic, TrafficRequest } from '../../spec/model-traffic.js'
import type { JobPredictions } from '../../spec/selected-predictions.js'
import { json } from './request-examples.js'

const change = {
  at: '2026-03-02T10:15:00.000Z',
  by: 'key-1a2b3c4d',
  reason: 'better on the test set of March',
}
const condition = 'validationAccuracy >= production.validationAccuracy'
const conditions = [{ condition, holds: true, value: 0.941, comparedWith: 0.936 }]

const alias: ModelAlias = { alias: 'production', version: 4, ...change, previous: [2, 3] }
const aliasHistory: AliasHistory = {
  items: [{ alias: 'production', change: 'promoted', from: 3, to: 4, conditions, ...change }],
  nextCursor: null,
}
const annotationHistory: AnnotationHistory = {
  items: [{ stage: 'staging', note: null, tags: { approved: 'yes' }, ...change }],
  nextCursor: null,
}
const promotion: Promotion = { ...alias, conditions, notes: [] }
const traffic: Traffic = {
  alias: 'production',
  split: [
    { alias: 'production', weight: 90 },
    { alias: 'challenger', weight: 10 },
  ],
  shadow: [{ version: 6, fraction: 0.1 }],
  stickyHeader: 'x-user-id',
  set: change,
  requests: [
    { version: 4, requests: 900 },
    { version: 5, requests: 100 },
  ],
  shadows: [
    {
      version: 6,
      ...{ compared: 96, instances: 96, different: 3, maxDifference: 0.31 },
      ...{ dropped: 4, failed: 0, incomparable: 0 },
    },
  ],
}

/** Examples of answers about aliases, annotations and traffic, by the name of their schema. */
export const referenceExamples = {
  JobPredictions: {
    job: 'job-01jnb5w0m0zk3v9f7q2r8t6y4x',
    step: 400,
    labels: ['cat', 'dog'],
    notes: [],
    predictions: [{ label: 'dog', index: 1, probability: 0.8, probabilities: [0.2, 0.8] }],
  } satisfies JobPredictions,
  ModelAlias: alias,
  AliasHistory: aliasHistory,
  AnnotationHistory: annotationHistory,
  Promotion: promotion,
  Traffic: traffic,
}

export const aliasExamples = json({
  move: {
    summary: 'makes an alias name version 4, if it names version 3 now',
    value: { version: 4, ifVersion: 3, reason: change.reason } satisfies AliasRequest,
  },
})

export const rollbackExamples = json({
  rollback: {
    summary: 'back to the version before',
    value: { reason: 'wrong on night images' } satisfies RollbackRequest,
  },
})

export const promotionExamples = json({
  ifBetter: {
    summary: 'only if it is no worse, and somebody has approved it',
    value: {
      version: 4,
      to: 'production',
      if: [condition, 'tags.approved = yes'],
    } satisfies PromotionRequest,
  },
})

export const annotationExamples = json({
  approve: {
    summary: 'sets the stage and one tag, and removes another tag',
    value: { stage: 'staging', tags: { approved: 'yes', draft: null } } satisfies AnnotationPatch,
  },
})

export const trafficExamples = json({
  canary: {
    summary: 'a tenth of the requests to the challenger, and a shadow',
    value: {
      split: traffic.split,
      shadow: traffic.shadow,
      stickyHeader: 'x-user-id',
      reason: 'try version 5',
    } satisfies TrafficRequest,
  },
})
