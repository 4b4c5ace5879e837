import { type FieldError, maxListedErrors, TrainyardError, truncate } from '../errors.js'
import type { SkippedRecords } from '../spec/dataset.js'
import type { ErrorCode } from '../spec/error-codes.js'
import type { Notes } from '../spec/notes.js'

/** What an upload does with images and rows that cannot be used. */
export interface OnError {
  mode: 'refuse' | 'skip'
  /** The share of images or rows that may be left out, 0 to 1. */
  maxSkipped: number
}

export const defaultOnError: OnError = { mode: 'refuse', maxSkipped: 0.01 }

/** Problems of one image or row. Others, such as a wrong header, concern the whole upload. */
const recordCodes: ReadonlySet<ErrorCode> = new Set([
  'DATASET_CHECKSUM',
  'DATASET_DIMENSIONS',
  'DATASET_ENCODING',
  'DATASET_FORMAT',
  'DATASET_IMAGE',
  'DATASET_LABELS',
  'DATASET_ROW',
  'DATASET_SIZE_MISMATCH',
  'DATASET_TOO_LARGE',
  'DATASET_TRUNCATED',
  'DATASET_VALUE',
] satisfies ErrorCode[])

/** The message of an error with many problems has the first of them. */
const maxMessages = 5

/**
 * The images or rows of an upload that cannot be used. Either they refuse the upload, together, or they are
 * left out and listed, as the form field onError says.
 */
export class ProblemList {
  private count = 0
  private readonly listed: { message: string; error: FieldError }[] = []
  private firstCode: ErrorCode | null = null

  constructor(
    private readonly onError: OnError = defaultOnError,
    /** What is counted, for messages. */
    private readonly unit: 'images' | 'rows' = 'images',
  ) {}

  /** Number of images or rows that cannot be used. */
  get skipped(): number {
    return this.count
  }

  /** True if problems are left out, and do not refuse the upload. */
  get skips(): boolean {
    return this.onError.mode === 'skip'
  }

  /**
   * Notes that an image or row cannot be used; the caller goes on with the next one. Throws the error itself if
   * it is none of a single image or row, and all errors once there are too many to list and none may be skipped.
   */
  add(error: unknown): void {
    if (!(error instanceof TrainyardError) || !recordCodes.has(error.code)) throw error
    this.count++
    this.firstCode ??= error.code
    const [first] = error.errors
    if (first && this.listed.length < maxListedErrors) {
      this.listed.push({ message: error.message, error: first })
    }
    if (!this.skips && this.count === maxListedErrors) this.refuse('; the rest was not read')
  }

  /** Returns what `work` returns, or null if the image or row cannot be used. */
  attempt<Result>(work: () => Result): Result | null {
    try {
      return work()
    } catch (error) {
      this.add(error)
      return null
    }
  }

  /**
   * Call it after all `total` images or rows, those that cannot be used included, and before the first is
   * stored. Throws if they refuse the upload.
   */
  check(total: number): void {
    if (this.count === 0) return
    if (!this.skips) this.refuse('')
    const { maxSkipped } = this.onError
    if (this.count <= maxSkipped * total) return
    const share = `${this.count} of ${total} ${this.unit} cannot be used, and maxSkipped allows ${maxSkipped} of them: `
    this.refuse('', share)
  }

  /** What was left out, for the manifest; undefined if nothing was. */
  result(): SkippedRecords | undefined {
    if (this.count === 0) return undefined
    return {
      records: this.count,
      problems: this.listed.map(({ error: { path, code, message } }) => ({
        place: path,
        code,
        reason: message,
      })),
    }
  }

  addNotes(notes: Notes): void {
    if (this.count === 0) return
    const [first] = this.listed
    const example = first ? `, such as ${truncate(first.message, 300)}` : ''
    notes.add(
      'records_skipped',
      `${this.count} ${this.unit} were left out, as onError=skip says${example}; skipped lists them`,
    )
  }

  private refuse(end: string, start = ''): never {
    const { listed, count } = this
    const shown = listed.slice(0, maxMessages).map(({ message }) => message)
    const more = count - shown.length
    const message = `${start}${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}${end}`
    const errors = listed.map(({ error }) => error)
    throw new TrainyardError(this.firstCode!, message, { errors })
  }
}
