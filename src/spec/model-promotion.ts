import { type Static, Type } from 'typebox'
import { CheckedCondition, ModelAlias, Reason } from './model-alias.js'
import { AliasName, VersionNumber } from './model-selector.js'
import { NoteList } from './note.js'
import { strictObject } from './strict-object.js'

export const PromotionRequest = strictObject({
  version: Type.Optional(VersionNumber),
  alias: Type.Optional({
    ...AliasName,
    description: 'the version that this alias names; give it or `version`',
  }),
  to: { ...AliasName, description: 'the alias to move' },
  if: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 400 }), {
      maxItems: 32,
      description:
        'conditions, all of which must hold: a field or metric of the version to promote, one of = != < <= > >= ^= (begins with), and a value, or ALIAS.FIELD of what an alias names now, if wanted with + or - a number. Examples: validationAccuracy >= production.validationAccuracy - 0.002; tags.approved = yes',
    }),
  ),
  reason: Type.Optional(Reason),
})
export type PromotionRequest = Static<typeof PromotionRequest>

export const Promotion = Type.Object({
  ...ModelAlias.properties,
  conditions: Type.Array(CheckedCondition),
  notes: NoteList,
})
export type Promotion = Static<typeof Promotion>
