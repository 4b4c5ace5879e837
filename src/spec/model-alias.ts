import { type Static, Type } from 'typebox'
import { Timestamp } from './identifiers.js'
import { AliasName, VersionNumber } from './model-selector.js'
import { nullable } from './nullable.js'
import { strictObject } from './strict-object.js'
import { DateOrDateTime } from './times.js'

/** Most aliases of one model. */
export const maxAliases = 64
/** How far an alias can be rolled back. */
export const maxPrevious = 50

export const Reason = Type.String({
  minLength: 1,
  maxLength: 500,
  description: 'why, for the history',
})

/** Who changed something, when and why. */
export const changeFields = {
  at: Timestamp,
  by: Type.String({
    description:
      "the key of the request, by the first eight digits of its SHA-256, which the data folder's keys.json lists, such as key-1a2b3c4d",
  }),
  reason: nullable(Reason),
}
export const ChangeNote = Type.Object(changeFields)
export type ChangeNote = Static<typeof ChangeNote>

export const ModelAlias = Type.Object({
  alias: AliasName,
  version: Type.Integer({ description: 'the version that it names' }),
  ...changeFields,
  previous: Type.Array(Type.Integer(), {
    description: `versions that it named before and that exist, the last ${maxPrevious}, oldest first; a rollback goes to the last one`,
  }),
})
export type ModelAlias = Static<typeof ModelAlias>

export const ModelAliases = Type.Object({ items: Type.Array(ModelAlias) })
export type ModelAliases = Static<typeof ModelAliases>

export const AliasRequest = strictObject({
  version: VersionNumber,
  ifVersion: Type.Optional(
    nullable(
      VersionNumber,
      'move the alias only if it names this version now; null: only if it does not exist. Otherwise the answer is 409',
    ),
  ),
  reason: Type.Optional(Reason),
})
export type AliasRequest = Static<typeof AliasRequest>

export const RollbackRequest = strictObject({
  ifVersion: Type.Optional({
    ...VersionNumber,
    description: 'roll back only if the alias names this version now; otherwise the answer is 409',
  }),
  reason: Type.Optional(Reason),
})
export type RollbackRequest = Static<typeof RollbackRequest>

export const AliasQuery = strictObject({
  at: Type.Optional({ ...DateOrDateTime, description: 'what the alias named then, not now' }),
})

/** A condition of a promotion, as it was checked. */
export const CheckedCondition = Type.Object({
  condition: Type.String(),
  holds: Type.Boolean(),
  value: nullable(
    Type.Union([Type.Number(), Type.String(), Type.Boolean()]),
    'of the version to promote; null if it has none',
  ),
  comparedWith: nullable(
    Type.Union([Type.Number(), Type.String(), Type.Boolean()]),
    'what it was compared with; null if there is none',
  ),
})
export type CheckedCondition = Static<typeof CheckedCondition>

export const AliasChangeKind = Type.Enum(['moved', 'promoted', 'rolledBack', 'deleted'])
export type AliasChangeKind = Static<typeof AliasChangeKind>

export const AliasChange = Type.Object({
  alias: AliasName,
  change: AliasChangeKind,
  from: nullable(Type.Integer(), 'the version before; null if the alias was new'),
  to: nullable(Type.Integer(), 'the version after; null if the alias was deleted'),
  conditions: Type.Optional(Type.Array(CheckedCondition, { description: 'of a promotion' })),
  ...changeFields,
})
export type AliasChange = Static<typeof AliasChange>

export const AliasHistory = Type.Object({
  items: Type.Array(AliasChange, { description: 'newest first' }),
  nextCursor: nullable(Type.String(), 'cursor of the next page; null on the last page'),
})
export type AliasHistory = Static<typeof AliasHistory>
