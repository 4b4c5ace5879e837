import { type ErrorCodeInfo, type ErrorKind, httpErrorCodes } from './http-error-codes.js'

export type { ErrorKind } from './http-error-codes.js'

export const statusOfKind: Readonly<Record<ErrorKind, number>> = {
  invalid: 422,
  missing: 404,
  conflict: 409,
  unavailable: 503,
}

/**
 * Every `code` of a problem (RFC 9457) that the API answers, and of an error that stops a process at
 * start. A code is stable: its meaning never changes, and it is not renamed. docs/errors.md is made
 * from this table.
 */
export const errorCodes = {
  ...httpErrorCodes,

  // jobs
  INVALID_JOB: {
    kind: 'invalid',
    when: 'a job cannot be trained as requested',
    help: 'Correct the fields in `errors`; all are listed at once.',
  },
  JOB_NOT_FOUND: {
    kind: 'missing',
    when: 'no job has the id',
    help: 'GET /jobs lists the jobs.',
  },
  JOB_ENDED: {
    kind: 'conflict',
    when: 'a job that has ended is asked to do something',
    help: 'Retry the job, or submit a new one.',
  },
  JOB_ACTIVE: {
    kind: 'conflict',
    when: 'a job’s state does not allow the action',
    help: 'The message says what to do first.',
  },
  CHECKPOINT_NOT_FOUND: {
    kind: 'missing',
    when: 'a job has no checkpoint of the step',
    help: 'GET /jobs/:id/checkpoints lists them.',
  },
  DATASET_GONE: {
    kind: 'conflict',
    when: 'a job is retried whose data set was deleted',
    help: 'Upload the data set again; equal content has the same id.',
  },
  PLANNER_BUSY: {
    kind: 'unavailable',
    when: 'too many dry runs are in progress',
    help: 'Try again after the time in Retry-After.',
  },
  QUEUE_UNAVAILABLE: {
    kind: 'unavailable',
    when: 'Redis does not answer, or the job list is being rebuilt after an outage',
    help: 'Try again after the time in Retry-After; check Redis if it lasts.',
  },

  // data sets
  DATASET_NOT_FOUND: {
    kind: 'missing',
    when: 'no data set has the id or name',
    help: 'GET /datasets lists them.',
  },
  DATASET_IN_USE: {
    kind: 'conflict',
    when: 'a data set is deleted that an unfinished job reads',
    help: 'Cancel the job, or wait for its end.',
  },
  DATASET_FORM: {
    kind: 'invalid',
    when: 'a field of an upload form is invalid',
    help: 'Correct the fields in `errors`; all are listed at once.',
  },
  DATASET_EMPTY: {
    kind: 'invalid',
    when: 'an upload has no records',
    help: 'Upload files that have data.',
  },
  DATASET_TRUNCATED: {
    kind: 'invalid',
    when: 'a file ends within a record',
    help: 'Upload the complete file.',
  },
  DATASET_TRAILING_BYTES: {
    kind: 'invalid',
    when: 'a file has bytes after its last record',
    help: 'Remove them, or upload the right file.',
  },
  DATASET_CHECKSUM: {
    kind: 'invalid',
    when: 'a checksum inside a file does not match',
    help: 'The file is damaged: copy it again from its source.',
  },
  DATASET_SIZE_MISMATCH: {
    kind: 'invalid',
    when: 'sizes or counts within an upload contradict each other',
    help: 'The message names both; correct the wrong one.',
  },
  DATASET_FORMAT: {
    kind: 'invalid',
    when: 'a file’s format is unknown, or does not fit the other files',
    help: 'See docs/datasets.md for the formats.',
  },
  DATASET_LABELS: {
    kind: 'invalid',
    when: 'labels are missing, or no class numbers from 0',
    help: 'The message names the record; correct its label.',
  },
  DATASET_DIMENSIONS: {
    kind: 'invalid',
    when: 'images have other dimensions than expected',
    help: 'Give height, width and channels, or make the images equal.',
  },
  DATASET_TOO_LARGE: {
    kind: 'invalid',
    when: 'an upload exceeds a limit',
    help: 'The message names the limit; split the data set.',
  },
  DATASET_ENCODING: {
    kind: 'invalid',
    when: 'a file’s compression or text encoding is invalid',
    help: 'Use gzip, and UTF-8 for text.',
  },
  DATASET_HEADER: {
    kind: 'invalid',
    when: 'a table’s header is missing or invalid',
    help: 'Give each column a name of its own in the first line.',
  },
  DATASET_ROW: {
    kind: 'invalid',
    when: 'a table’s row is invalid',
    help: 'The message names file and line; correct the row.',
  },
  DATASET_VALUE: {
    kind: 'invalid',
    when: 'a value does not fit its column’s type',
    help: 'Correct the value, or give the column’s type in `schema`.',
  },

  // weights and models
  WEIGHTS_NOT_FOUND: {
    kind: 'missing',
    when: 'no uploaded weights have the id',
    help: 'GET /weights lists them.',
  },
  WEIGHTS_IN_USE: {
    kind: 'conflict',
    when: 'weights are deleted that an unfinished job starts from',
    help: 'Cancel the job, or wait for its end.',
  },
  WEIGHTS_FORM: {
    kind: 'invalid',
    when: 'the name of an upload of weights is invalid',
    help: 'Use 1 to 63 of a-z, 0-9, dot, underscore and dash.',
  },
  WEIGHTS_FORMAT: {
    kind: 'invalid',
    when: 'an uploaded file is no TensorFlow checkpoint',
    help: 'Upload the .index and .data files, or the one file of the old format.',
  },
  WEIGHTS_INCOMPLETE: {
    kind: 'invalid',
    when: 'files of an uploaded checkpoint are missing',
    help: 'Upload all files that the message names.',
  },
  WEIGHTS_DAMAGED: {
    kind: 'invalid',
    when: 'an uploaded checkpoint is damaged',
    help: 'Copy it again from its source.',
  },
  WEIGHTS_TOO_LARGE: {
    kind: 'invalid',
    when: 'an uploaded checkpoint exceeds a limit',
    help: 'The message names the limit.',
  },
  MODEL_NOT_FOUND: {
    kind: 'missing',
    when: 'no model has the name or version',
    help: 'GET /models lists them.',
  },
  NOT_A_BOOSTING_MODEL: {
    kind: 'conflict',
    when: 'trees are exported from a model that is a network',
    help: 'Use GET /models/:id/archive for a network.',
  },

  // predictions
  INVALID_INSTANCES: {
    kind: 'invalid',
    when: 'instances do not fit the model',
    help: 'Correct the instances in `errors`; GET /models/:id has the input.',
  },
  IMAGE_TOO_LARGE: {
    kind: 'invalid',
    when: 'an image has too many pixels',
    help: 'Scale it down.',
  },
  NOT_AN_IMAGE: {
    kind: 'invalid',
    when: 'bytes are no PNG or JPEG image',
    help: 'Send a PNG or JPEG image.',
  },
  UNDECODABLE_IMAGE: {
    kind: 'invalid',
    when: 'an image cannot be decoded',
    help: 'The image is damaged: save it again.',
  },
  PREDICTOR_BUSY: {
    kind: 'unavailable',
    when: 'too many predictions wait',
    help: 'Try again after the time in Retry-After.',
  },
  PREDICTOR_TIMEOUT: {
    kind: 'unavailable',
    when: 'a prediction takes too long',
    help: 'Send fewer instances at once.',
  },
  PREDICTOR_RESTARTED: {
    kind: 'unavailable',
    when: 'the predictor process ended during the prediction',
    help: 'Try again after the time in Retry-After.',
  },

  // webhooks
  WEBHOOK_NOT_FOUND: {
    kind: 'missing',
    when: 'no webhook or delivery has the id',
    help: 'GET /webhooks lists them.',
  },
  WEBHOOK_DISABLED: {
    kind: 'conflict',
    when: 'a disabled webhook is called',
    help: 'Delete it and create it again.',
  },
  WEBHOOK_TARGET_REFUSED: {
    kind: 'invalid',
    when: 'a webhook’s URL leads where webhooks may not go',
    help: 'Use https and a public address, or set TRAINYARD_WEBHOOKS=private.',
  },
  TOO_MANY_WEBHOOKS: {
    kind: 'conflict',
    when: 'the server has as many webhooks as it allows',
    help: 'Delete one first.',
  },

  // the server
  NOT_READY: {
    kind: 'unavailable',
    when: 'Redis or a predictor is not ready (GET /readyz)',
    help: 'Wait; check the log if it lasts.',
  },
  INTERNAL: {
    kind: 'unavailable',
    status: 500,
    when: 'the server has a fault',
    help: 'Look for the request id of the answer in the server’s log.',
  },
  STORAGE_FULL: {
    kind: 'unavailable',
    when: 'the disk or the quota is full',
    help: 'Free some space.',
  },
  STORAGE_FAILED: {
    kind: 'unavailable',
    when: 'the data folder cannot be read or written',
    help: 'Check the disk and the permissions of the data folder.',
  },
  STORAGE_CORRUPT: {
    kind: 'unavailable',
    when: 'a file in the data folder is damaged',
    help: 'Restore the file that the message names from a backup.',
  },
  STORAGE_CONFLICT: {
    kind: 'unavailable',
    when: 'a superseded attempt stored a checkpoint at the same step',
    help: 'Nothing: the next attempt trains the step again.',
  },
  INVALID_KEY: {
    kind: 'invalid',
    when: 'a name cannot be a path in the data folder',
    help: 'Use letters, digits, dots, underscores and dashes.',
  },

  // start-up: these end the process and are printed in one line
  INVALID_CONFIGURATION: {
    kind: 'invalid',
    when: 'an environment variable has an invalid value',
    help: 'The message names each variable and what it accepts.',
  },
  DATA_FOLDER_IN_USE: {
    kind: 'conflict',
    when: 'another Trainyard uses the data folder',
    help: 'Stop it, or set TRAINYARD_DATA to another folder.',
  },
  DATA_FOLDER_FORMAT: {
    kind: 'conflict',
    when: 'this Trainyard cannot read the data folder’s format version',
    help: 'Install the version that the message names, or set TRAINYARD_DATA to another folder.',
  },
  ADDRESS_UNUSABLE: {
    kind: 'conflict',
    when: 'the server cannot listen on its address',
    help: 'Set TRAINYARD_HOST and TRAINYARD_PORT, or stop what uses the port.',
  },
  REDIS_MISSING: {
    kind: 'unavailable',
    when: 'there is no redis-server, or a process needs REDIS_URL',
    help: 'Run npm run setup, or set REDIS_URL.',
  },
  REDIS_TOO_OLD: {
    kind: 'unavailable',
    when: 'the installed redis-server is too old',
    help: 'Install the version that the message names, or set REDIS_URL.',
  },
  REDIS_FAILED: {
    kind: 'unavailable',
    when: 'redis-server does not start',
    help: 'The message has its last output.',
  },
  ENGINE_MISSING: {
    kind: 'unavailable',
    when: 'TensorFlow or XGBoost is not installed',
    help: 'Run npm run setup.',
  },
} as const satisfies Readonly<Record<string, ErrorCodeInfo>>

export type ErrorCode = keyof typeof errorCodes
export type HttpErrorCode = keyof typeof httpErrorCodes

export const kindOf = (code: ErrorCode): ErrorKind => errorCodes[code].kind

/** The HTTP status of a problem with this code. */
export function statusOf(code: ErrorCode): number {
  const info: ErrorCodeInfo = errorCodes[code]
  return info.status ?? statusOfKind[info.kind]
}
