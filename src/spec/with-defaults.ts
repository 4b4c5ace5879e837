import type { Static, TSchema } from 'typebox'
import { Default } from 'typebox/value'

/** `T` with every field present, except those in `NoDefault`, which stay optional. */
export type WithDefaults<T, NoDefault extends keyof T = never> = Required<Omit<T, NoDefault>> &
  Pick<T, NoDefault>

/**
 * A copy of `request` in which every absent field has the default of its schema. Name the optional
 * fields without a default in `NoDefault`.
 */
export const withDefaults = <S extends TSchema, NoDefault extends keyof Static<S> = never>(
  schema: S,
  request: Static<S>,
) => Default(schema, structuredClone(request)) as WithDefaults<Static<S>, NoInfer<NoDefault>>
