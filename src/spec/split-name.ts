import { Type } from 'typebox'

/** What a part of a data set is for, such as train, val or test. */
export const SplitName = Type.String({
  pattern: '^[a-z0-9][a-z0-9_-]{0,31}$',
  description: 'lower-case letters, digits, dash and underscore; at most 32 characters',
})
