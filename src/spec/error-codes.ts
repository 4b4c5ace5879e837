import { derivationErrorCodes } from './derivation-error-codes.js'
import { type ErrorCodeInfo, type ErrorKind, httpErrorCodes } from './http-error-codes.js'
import { importErrorCodes } from './import-error-codes.js'
import { modelErrorCodes } from './model-error-codes.js'
import { predictionErrorCodes } from './prediction-error-codes.js'

export type { ErrorKind } from './http-error-codes.js'

export const statusOfKind: Readonly<Record<ErrorKind, number>> = {
  invalid: 422,
  missing: 404,
  conflict: 409,
  unavailable: 503,
}

/**
 * Every `code` of a problem (RFC 9457) that the API answers, and of an error that stops a process at
 * start. Codes are stable: do not rename one or change its meaning. docs/errors.md is generated from
 * this table.
 */
export const errorCodes = {
  ...httpErrorCodes,

  // jobs
  INVALID_JOB: {
    kind: 'invalid',
    when: 'the job cannot be trained as requested',
    help: 'Correct the fields in `errors`; all are listed at once.',
  },
  JOB_NOT_FOUND: {
    kind: 'missing',
    when: 'no job has the id',
    help: 'GET /jobs lists the jobs.',
  },
  JOB_ENDED: {
    kind: 'conflict',
    when: 'the job has ended, so that it cannot be paused, resumed or cancelled, and has no use for a priority; or it has succeeded, so that it cannot be retried',
    help: '`detail` says what is possible, such as a retry.',
  },
  JOB_ACTIVE: {
    kind: 'conflict',
    when: 'the job has not ended, so that it cannot be retried or deleted; or it runs, so that its priority cannot be changed; or it is being cancelled, so that it cannot be paused or resumed',
    help: '`detail` says what to do first, such as to cancel it.',
  },
  CHECKPOINT_NOT_FOUND: {
    kind: 'missing',
    when: 'the job has no checkpoint of this step',
    help: 'GET /jobs/:id/checkpoints lists the checkpoints.',
  },
  DATASET_GONE: {
    kind: 'conflict',
    when: 'the data set of the job to retry or to predict with was deleted',
    help: 'Upload the data set again; equal content gets the same id.',
  },
  PLANNER_BUSY: {
    kind: 'unavailable',
    when: 'too many dry runs are in progress',
    help: 'Retry after the time in the Retry-After header.',
  },
  PLANNER_KILLED: {
    kind: 'unavailable',
    when: 'the process that plans the dry run is stopped or killed, or the machine is too busy to plan it in time',
    help: 'Retry after the time in the Retry-After header. If it lasts, check the memory and load of the machine.',
  },
  WORKER_NOT_FOUND: {
    kind: 'missing',
    when: 'no worker that is alive has the id',
    help: 'GET /workers lists the workers; each has a new id after a restart.',
  },
  QUEUE_UNAVAILABLE: {
    kind: 'unavailable',
    when: 'Redis does not answer, or the job list is being rebuilt after an outage',
    help: 'Retry after the time in the Retry-After header. If it lasts, check Redis.',
  },

  // data sets
  DATASET_NOT_FOUND: {
    kind: 'missing',
    when: 'no data set has the id or name',
    help: 'GET /datasets lists the data sets.',
  },
  DATASET_IN_USE: {
    kind: 'conflict',
    when: 'the data set to delete is used by a job that has not ended',
    help: 'Cancel the job, or wait for its end.',
  },
  IMAGE_NOT_FOUND: {
    kind: 'missing',
    when: 'the data set has no image of this number, or is a table',
    help: 'GET /datasets/:id/samples lists the images.',
  },
  DATASET_KIND: {
    kind: 'invalid',
    when: 'a table is asked for what only images have, or images for what only a table has; or both are compared',
    help: '`detail` says which it is.',
  },
  PREVIEW_BUSY: {
    kind: 'unavailable',
    when: 'too many requests for samples, images, histograms or archives of data sets, or for exports of models, are in progress',
    help: 'Retry after the time in the Retry-After header.',
  },
  PREVIEW_INTERRUPTED: {
    kind: 'unavailable',
    when: 'the process that reads the data set or the model is stopped or killed, or takes too long',
    help: 'Retry after the time in the Retry-After header, or ask for less at once. If it lasts, check the memory and load of the machine.',
  },
  ...derivationErrorCodes,
  UPLOAD_BUSY: {
    kind: 'unavailable',
    when: 'too many uploads of data sets wait for their conversion',
    help: 'Upload again after the time in the Retry-After header.',
  },
  UPLOAD_INTERRUPTED: {
    kind: 'unavailable',
    when: 'the process that converts the data set is stopped or killed, by a person or by the kernel for its memory',
    help: 'Upload the files again. If it lasts, check the memory of the machine.',
  },
  ...importErrorCodes,
  DATASET_FORM: {
    kind: 'invalid',
    when: 'a field of the upload form is invalid, or does not go with files of this kind',
    help: 'Correct the fields in `errors`; all are listed at once.',
  },
  DATASET_EMPTY: {
    kind: 'invalid',
    when: 'a file, table or image is empty',
    help: 'Upload files that have data.',
  },
  DATASET_TRUNCATED: {
    kind: 'invalid',
    when: 'a file or archive ends early: within its header, a record, an entry or its compressed data',
    help: 'Upload the complete file.',
  },
  DATASET_TRAILING_BYTES: {
    kind: 'invalid',
    when: 'a file has bytes after its last record',
    help: 'Remove the bytes, or upload the right file.',
  },
  DATASET_CHECKSUM: {
    kind: 'invalid',
    when: 'a checksum of a file or archive does not match, or compressed data is damaged',
    help: 'Copy the file again from its source.',
  },
  DATASET_SIZE_MISMATCH: {
    kind: 'invalid',
    when: 'sizes or counts contradict each other: of files, images, records or form fields',
    help: '`detail` names both values; correct the wrong one. Scale all images to one size.',
  },
  DATASET_FORMAT: {
    kind: 'invalid',
    when: 'the format of a file is unknown, or does not go with the other files; or an archive has entries that are not read, such as links',
    help: 'See docs/datasets.md for the formats.',
  },
  DATASET_IMAGE: {
    kind: 'invalid',
    when: 'an image is damaged, or of a kind that is not read',
    help: '`detail` names the record and what is wrong; save the image again, or leave the record out.',
  },
  DATASET_LABELS: {
    kind: 'invalid',
    when: 'a label is not an index into the class names, or nothing clear tells the labels of images',
    help: '`detail` names the record or entry; correct its label, or the class names.',
  },
  DATASET_DIMENSIONS: {
    kind: 'invalid',
    when: 'the size of images cannot be inferred, or they do not have 1, 3 or 4 channels',
    help: 'Send the form fields height, width and channels.',
  },
  DATASET_TOO_LARGE: {
    kind: 'invalid',
    when: 'data exceeds a limit of the server',
    help: '`detail` names the limit; reduce or split the data.',
  },
  DATASET_ENCODING: {
    kind: 'invalid',
    when: 'the text of a table is not UTF-8 or has a NUL byte',
    help: 'Save the table as UTF-8.',
  },
  DATASET_HEADER: {
    kind: 'invalid',
    when: 'the header of a table is missing or invalid, or differs between files',
    help: 'Give each column its own name in the first row, or send the form field header.',
  },
  DATASET_ROW: {
    kind: 'invalid',
    when: 'a row of a table has too many or too few fields, or wrong quotes',
    help: '`detail` names the line; correct the row.',
  },
  DATASET_VALUE: {
    kind: 'invalid',
    when: 'a value does not fit the type of its column, or all columns are free text',
    help: 'Correct the value, or give the type of the column in the form field schema.',
  },

  // weights and models
  WEIGHTS_NOT_FOUND: {
    kind: 'missing',
    when: 'no uploaded weights have the id',
    help: 'GET /weights lists the weights.',
  },
  WEIGHTS_IN_USE: {
    kind: 'conflict',
    when: 'the weights to delete are the initial weights of a job that has not ended',
    help: 'Cancel the job, or wait for its end.',
  },
  WEIGHTS_FORM: {
    kind: 'invalid',
    when: 'a field in the upload form of weights is invalid',
    help: '`errors` lists the invalid fields and what they may be.',
  },
  WEIGHTS_FORMAT: {
    kind: 'invalid',
    when: 'a file is not a TensorFlow checkpoint, or does not belong to the one that is uploaded',
    help: 'Upload one .index file and its .data files, or the single file of an old checkpoint.',
  },
  WEIGHTS_INCOMPLETE: {
    kind: 'invalid',
    when: 'a data file of the checkpoint is missing',
    help: 'Upload the file that `detail` names too.',
  },
  WEIGHTS_DAMAGED: {
    kind: 'invalid',
    when: 'the checkpoint is damaged',
    help: 'Copy it again from its source.',
  },
  WEIGHTS_TOO_LARGE: {
    kind: 'invalid',
    when: 'the checkpoint exceeds a limit of the server',
    help: '`detail` names the limit.',
  },
  ...modelErrorCodes,

  // predictions
  ...predictionErrorCodes,

  // webhooks
  WEBHOOK_NOT_FOUND: {
    kind: 'missing',
    when: 'no webhook has the id',
    help: 'GET /webhooks lists the webhooks.',
  },
  WEBHOOK_DISABLED: {
    kind: 'conflict',
    when: 'a test of a disabled webhook is requested',
    help: 'Delete the webhook and create it again.',
  },
  WEBHOOK_TARGET_REFUSED: {
    kind: 'invalid',
    when: 'the URL of a webhook is not https, has a login, or has an address or port that webhooks may not call',
    help: 'Use https and a public address; TRAINYARD_WEBHOOKS=private allows http and private addresses too.',
  },
  TOO_MANY_WEBHOOKS: {
    kind: 'conflict',
    when: 'the server has as many webhooks as it allows',
    help: 'Delete a webhook first.',
  },

  // the server
  NOT_READY: {
    kind: 'unavailable',
    when: 'Redis or the predictor does not answer, the disk takes no writes, or a worker is missing (only GET /readyz)',
    help: 'Wait. If it lasts, do what `detail` names: free some space, or check the log of the server.',
  },
  INTERNAL: {
    kind: 'unavailable',
    status: 500,
    when: 'the server has a bug',
    help: 'Search the log of the server for the id in `instance`, and report the bug.',
  },
  STORAGE_FULL: {
    kind: 'unavailable',
    when: 'the disk of the data folder or a quota is full',
    help: 'Free some space, such as by deleting jobs, models or data sets. Jobs wait and go on by themselves.',
  },
  STORAGE_FAILED: {
    kind: 'unavailable',
    when: 'the data folder cannot be read or written',
    help: 'Check the disk and the permissions of the data folder.',
  },
  DAMAGED: {
    kind: 'conflict',
    when: 'a file in the data folder is damaged or missing, so that the thing it belongs to cannot be used',
    help: '`detail` names the file and the cure: restore it from a backup, or delete the thing; everything else works on.',
  },
  STORAGE_CONFLICT: {
    kind: 'unavailable',
    when: 'a superseded attempt has stored a checkpoint of the same step (only in the log of a job)',
    help: 'Nothing: the next attempt trains the step again.',
  },
  INVALID_KEY: {
    kind: 'invalid',
    when: 'a name cannot be part of a path in the data folder',
    help: 'Use letters, digits, dots, underscores and dashes, and begin with a letter or digit.',
  },

  // start-up: these end the process and are printed in one line
  INVALID_CONFIGURATION: {
    kind: 'invalid',
    when: 'an environment variable has an invalid value',
    help: 'The message names each variable and the values that it accepts.',
  },
  DATA_FOLDER_IN_USE: {
    kind: 'conflict',
    when: 'another Trainyard uses the data folder',
    help: 'Stop the other one, or set TRAINYARD_DATA to another folder.',
  },
  STORE_UNSUITABLE: {
    kind: 'unavailable',
    when: 'the bucket that TRAINYARD_STORE names ignores or refuses conditional writes, by which workers agree on who owns a job',
    help: 'Use a store that has them; docs/bucket.md lists some.',
  },
  COPY_DIFFERS: {
    kind: 'conflict',
    when: '`trainyard store copy` found something in the copy that is not as the original: a server changed one of them, or the place had other things before',
    help: 'Copy to a new place, while no server uses either.',
  },
  DATA_FOLDER_UNUSABLE: {
    kind: 'unavailable',
    when: 'the data folder cannot be created or written',
    help: 'The message has the reason: a file in its place, no permission, a read-only or full disk.',
  },
  DATA_FOLDER_FORMAT: {
    kind: 'conflict',
    when: 'this Trainyard cannot read the format version of the data folder, or its format.json is damaged or missing',
    help: 'The message says whether a newer or an older Trainyard can read it; or set TRAINYARD_DATA to another folder.',
  },
  ADDRESS_UNUSABLE: {
    kind: 'conflict',
    when: 'the server cannot listen on its address',
    help: 'Set TRAINYARD_HOST and TRAINYARD_PORT, or stop the process that uses the port.',
  },
  REDIS_MISSING: {
    kind: 'unavailable',
    when: 'redis-server is not installed, or a process is started alone without REDIS_URL',
    help: 'Run `npm run setup`, or set REDIS_URL.',
  },
  REDIS_TOO_OLD: {
    kind: 'unavailable',
    when: 'the installed redis-server is older than 6.2',
    help: 'Install a newer one, or set REDIS_URL.',
  },
  REDIS_FAILED: {
    kind: 'unavailable',
    when: 'redis-server does not start',
    help: 'The message has the last lines of its log.',
  },
  REDIS_UNUSABLE: {
    kind: 'unavailable',
    when: 'the Redis of REDIS_URL does not answer, refuses the user or password, or cannot be used',
    help: 'The message has the address and the reason. Correct REDIS_URL, or start that Redis; without REDIS_URL, `npm start` runs its own.',
  },
  ENGINE_MISSING: {
    kind: 'unavailable',
    when: 'TensorFlow or XGBoost is not installed or does not load',
    help: 'Run `npm run setup`.',
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
