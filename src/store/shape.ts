import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'

/** Checks that a record which was read from disk has the fields that code relies on. */
export interface Shape<T> {
  /** Returns what is wrong with a value, or null. */
  problem(value: unknown): string | null
  /** Only for inference. */
  readonly type?: T
}

/** The schema is compiled with the first record, since most processes read few kinds of records. */
export function shapeOf<T>(schema: TSchema): Shape<T> {
  let validator: Validator | null = null
  return {
    problem(value) {
      validator ??= Compile(schema)
      if (validator.Check(value)) return null
      const [error] = validator.Errors(value)
      return `${error?.instancePath || 'it'} ${error?.message ?? 'has another type'}`
    },
  }
}
