import { RankLost, TrainingFailure, TrainyardError, toOneLine } from '../src/errors.js'
import { undecodableImage } from '../src/graph/decode-errors.js'
import { GraphError } from '../src/graph/graph-error.js'
import type { FailureCode } from '../src/spec/failure-codes.js'
import type { TrainerError } from '../src/spec/ipc-messages.js'
import type { NewFailure } from '../src/spec/job.js'
import { toStorageError } from '../src/store/storage-errors.js'

const badSampleRemedy =
  'correct or leave out the record, upload the data set again, and submit a new job'

/** TensorFlow's error messages, the failure that each stands for, and the remedy. */
const deterministicErrors: readonly (readonly [RegExp, FailureCode, remedy: string])[] = [
  [
    /OOM when allocating|Resource ?Exhausted|CUDA_ERROR_OUT_OF_MEMORY/i,
    'out_of_memory',
    'use a smaller batchSize, with accumulateSteps to make up for it, or a smaller model',
  ],
  [
    /corrupted record|truncated record|Data ?Loss|Could not parse example/i,
    'bad_sample',
    badSampleRemedy,
  ],
  [undecodableImage, 'bad_sample', badSampleRemedy],
]

/** The failure of the job if every attempt would meet this error; null if another attempt may succeed. */
export function toFailure(error: unknown): NewFailure | null {
  if (error instanceof RankLost || isUnavailable(error)) return null
  if (error instanceof TrainingFailure) return failure(error.code, error.message)
  if (error instanceof TrainyardError || error instanceof GraphError) {
    return failure('invalid', error.message)
  }
  const message = messageOf(error)
  const known = deterministicErrors.find(([pattern]) => pattern.test(message))
  return known ? failure(known[1], `${toOneLine(message)}; ${known[2]}`) : null
}

/** `message` may come from native code, with line breaks and a stack. */
const failure = (code: FailureCode, message: string): NewFailure => ({
  code,
  message: toOneLine(message),
})

/** Causes that another attempt may not meet, by what a library or Node prints. */
const crashCauses: readonly (readonly [RegExp, FailureCode])[] = [
  [/bad_alloc|cannot allocate memory|heap out of memory|ENOMEM/i, 'out_of_memory'],
  [/CUDA_ERROR|cudaError|CUDNN_STATUS|CUBLAS_STATUS|\bNCCL\b|failed call to cu/i, 'gpu_error'],
]

/** What a text of a trainer that has crashed says about the cause. */
export const crashCause = (text: string): FailureCode | null =>
  crashCauses.find(([pattern]) => pattern.test(text))?.[1] ?? null

/** Describes an error for which `toFailure` returns null. */
export function toTrainerError(error: unknown): TrainerError {
  const known = toStorageError(error)
  const expected = known instanceof TrainyardError
  const name = error instanceof Error && !expected ? `${error.name}: ` : ''
  const message = toOneLine(`${name}${messageOf(known)}`)
  return {
    message,
    cause: crashCause(message),
    ...(error instanceof RankLost && { lostRank: true }),
  }
}

/** Exit code of a trainer if storage is full or fails: `EX_TEMPFAIL` of sysexits.h. */
export const unavailableExitCode = 75

/** TensorFlow writes its files itself, so these errors do not come from our store. */
const storageErrorPattern =
  /No space left on device|Disk quota exceeded|Input\/output error|Read-only file system|Stale file handle/i

/** True if the error lies outside the job, such as full storage, and may go away. */
export function isUnavailable(error: unknown): boolean {
  const known = toStorageError(error)
  if (known instanceof TrainyardError) return known.kind === 'unavailable'
  return error instanceof Error && storageErrorPattern.test(error.message)
}

/** TensorFlow's advice to those who call it from Python. */
const hint = /\s*Hint: If you want to see a list of allocated tensors[^\n]*/g

const messageOf = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).replaceAll(hint, '')
