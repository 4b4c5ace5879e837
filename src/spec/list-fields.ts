/** What a list can be sorted and filtered by, beside metrics by their bare names. */
export interface ListFields {
  /** Names of single fields, such as `progress.step`. */
  names: readonly string[]
  /** Fields with names of their own, such as `labels`: `labels.team`. */
  records: readonly string[]
  /** Those of the fields above that hold times. */
  times: readonly string[]
  /** Those that hold numbers only; of a record, all in it. */
  numbers: readonly string[]
}

export const jobListFields: ListFields = {
  names: [
    ...['id', 'name', 'status', 'priority', 'attempt', 'createdAt', 'startedAt', 'finishedAt'],
    ...['progress.step', 'progress.steps', 'progress.fraction', 'progress.etaSeconds'],
    ...['dataset.id', 'dataset.name', 'failure.code'],
  ],
  records: ['metrics', 'best', 'labels', 'model', 'training', 'predict'],
  times: ['createdAt', 'startedAt', 'finishedAt'],
  numbers: ['priority', 'attempt', 'progress', 'metrics', 'best'],
}

export const datasetListFields: ListFields = {
  names: [
    ...['id', 'name', 'createdAt', 'kind', 'records'],
    ...['height', 'width', 'channels', 'encoding', 'target'],
  ],
  records: [],
  times: ['createdAt'],
  numbers: ['records', 'height', 'width', 'channels'],
}

export const modelListFields: ListFields = {
  names: [
    ...['id', 'name', 'version', 'jobId', 'createdAt', 'step', 'target'],
    ...['dataset.id', 'dataset.name', 'stage'],
  ],
  records: ['metrics', 'model', 'tags'],
  times: ['createdAt'],
  numbers: ['version', 'step', 'metrics'],
}

export const weightsListFields: ListFields = {
  names: ['id', 'name', 'createdAt', 'format', 'prefix', 'bytes', 'tensors'],
  records: [],
  times: ['createdAt'],
  numbers: ['bytes', 'tensors'],
}
