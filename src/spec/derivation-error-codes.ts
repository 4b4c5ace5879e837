import type { ErrorCodeInfo } from './http-error-codes.js'

/** Of data sets that are made of others, and of their names. */
export const derivationErrorCodes = {
  INVALID_STEPS: {
    kind: 'invalid',
    when: 'a data set cannot be derived by the steps',
    help: 'Correct the fields in `errors`; a step is named by its place, counted from 0.',
  },
  DATASET_NAME: {
    kind: 'invalid',
    when: 'the name that a data set is to have is the form of an id',
    help: 'Take another name.',
  },
} as const satisfies Readonly<Record<string, ErrorCodeInfo>>
