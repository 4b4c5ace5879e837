import type { ErrorCodeInfo } from './http-error-codes.js'

/** Rows of `errorCodes` for models, and for what refers to their versions. */
export const modelErrorCodes = {
  MODEL_NOT_FOUND: {
    kind: 'missing',
    when: 'no model has the name or version',
    help: 'GET /models lists the models.',
  },
  EVALUATION_RECORDS_NOT_FOUND: {
    kind: 'missing',
    when: 'there are no predictions of validation records: the job has published no model, has no validation records, ranks or predicts, or its model was trained by an older version',
    help: '`detail` says which; train again to get those that an older version did not keep.',
  },
  MODEL_IN_USE: {
    kind: 'conflict',
    when: 'the model to delete is the source of the initial weights of a job that has not ended',
    help: 'Cancel the job, or wait for its end.',
  },
  ALIAS_NOT_FOUND: {
    kind: 'missing',
    when: 'the model has no alias of this name, or had none at the time',
    help: 'GET /models/:id/aliases lists the aliases.',
  },
  ALIAS_CHANGED: {
    kind: 'conflict',
    when: 'the alias does not name the version that `ifVersion` expects, or was moved while the conditions of a promotion were checked',
    help: 'Read the alias again, and decide again.',
  },
  INVALID_ALIAS: {
    kind: 'invalid',
    when: 'the name of an alias reads like a version or is reserved',
    help: '`detail` says why; choose another name.',
  },
  NO_PREVIOUS_VERSION: {
    kind: 'conflict',
    when: 'an alias is to be rolled back that has named no other version that still exists',
    help: 'Name a version with PUT /models/:id/aliases/:alias.',
  },
  TOO_MANY_ALIASES: {
    kind: 'conflict',
    when: 'the model has as many aliases as it may',
    help: 'Delete an alias first.',
  },
  TOO_MANY_TAGS: {
    kind: 'invalid',
    when: 'the version would have more tags than it may',
    help: 'Remove tags with null in the same request.',
  },
  INVALID_SELECTOR: {
    kind: 'invalid',
    when: 'a request names both a version and an alias of a model',
    help: 'Name one of them.',
  },
  MODEL_REFERENCED: {
    kind: 'conflict',
    when: 'aliases or traffic lead to the version or alias to delete',
    help: '`detail` names them: move or delete them first, or say in the request what becomes of them.',
  },
  INVALID_PROMOTION: {
    kind: 'invalid',
    when: 'a condition of a promotion cannot be read, or names no field of a model',
    help: '`errors` lists the conditions and what they may be.',
  },
  PROMOTION_REFUSED: {
    kind: 'conflict',
    when: 'a condition of a promotion does not hold',
    help: '`errors` has each of them with both values; nothing was moved.',
  },
  INVALID_TRAFFIC: {
    kind: 'invalid',
    when: 'a split or shadow names no version or alias, names both, or has no weight',
    help: 'Correct the fields in `errors`; all are listed at once.',
  },
  NOT_A_BOOSTING_MODEL: {
    kind: 'conflict',
    when: 'a file of XGBoost is requested of a model that is a network',
    help: '`detail` lists the formats of a network. GET /models/:id/archive has its SavedModel.',
  },
  NOT_A_NETWORK: {
    kind: 'conflict',
    when: 'a file of TensorFlow or TensorFlow.js is requested of a model that is trees',
    help: '`detail` lists the formats of trees.',
  },
  EXPORT_TOO_LARGE: {
    kind: 'conflict',
    when: 'an export is requested in a format whose files cannot hold the weights of the network',
    help: '`detail` has both sizes. Use `format=checkpoint`, or GET /models/:id/archive for the SavedModel.',
  },
} as const satisfies Readonly<Record<string, ErrorCodeInfo>>
