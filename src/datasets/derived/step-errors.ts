import { type FieldErrors, quoteJson } from '../../errors.js'
import type { FieldErrorCode } from '../../spec/field-error-codes.js'
import { listNames } from '../../spec/notes.js'

/** Adds errors about one step of a derivation, which is named by its place. */
export class StepErrors {
  constructor(
    private readonly errors: FieldErrors,
    private readonly index: number,
  ) {}

  /** `field`: a JSON pointer within the step, such as `/classes`, or nothing. */
  add(field: string, code: FieldErrorCode, message: string): void {
    this.errors.add(`/steps/${this.index}${field}`, code, message)
  }

  /** Ends the derivation if this step or one before it cannot be done: the next ones depend on it. */
  throwIfAny(): void {
    this.errors.throwIfAny('INVALID_STEPS')
  }
}

export const unknownName = (what: string, name: string, known: readonly string[]): string =>
  known.length > 0
    ? `there is no ${what} ${quoteJson(name)}, but ${listNames(known)}`
    : `there is no ${what} ${quoteJson(name)}: the data set has none`
