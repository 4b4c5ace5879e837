import { type Static, Type } from 'typebox'
import { changeFields, Reason } from './model-alias.js'
import { nullable } from './nullable.js'
import { strictObject } from './strict-object.js'

const maxTags = 32

const tagName = {
  pattern: '^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$',
  description: "letters, digits, '-', '_', '.' and '/', at most 63, a letter or digit at both ends",
}
const tagValue = { maxLength: 500 }

export type Tags = Record<string, string>
export const Tags = Type.Unsafe<Tags>({
  type: 'object',
  maxProperties: maxTags,
  propertyNames: tagName,
  additionalProperties: { type: 'string', ...tagValue },
  description: 'names and values of your choice, to find versions by',
})

export const TagChanges = Type.Unsafe<Record<string, string | null>>({
  type: 'object',
  maxProperties: maxTags,
  propertyNames: tagName,
  additionalProperties: { type: ['string', 'null'], ...tagValue },
  description: 'tags to set; null removes one, and tags that are not given stay',
})
export const maxTagsOfVersion = maxTags

const Stage = Type.String({
  minLength: 1,
  maxLength: 63,
  description: 'how far the version is, in your words, such as staging or archived',
})
const VersionNote = Type.String({ minLength: 1, maxLength: 2000 })

/** What may change of a version, which itself never does. */
export const annotationFields = {
  stage: nullable(Stage, 'how far the version is, in your words; null if nothing was said'),
  note: nullable(VersionNote, 'what is to be known of the version; null if nothing was said'),
  tags: Tags,
}
export const Annotation = Type.Object(annotationFields)
export type Annotation = Static<typeof Annotation>

/** An annotation as it was written: who, when and why. */
export const AnnotationRecord = Type.Object({ ...annotationFields, ...changeFields })
export type AnnotationRecord = Static<typeof AnnotationRecord>

export const AnnotationPatch = strictObject({
  stage: Type.Optional(nullable(Stage, 'null removes it')),
  note: Type.Optional(nullable(VersionNote, 'null removes it')),
  tags: Type.Optional(TagChanges),
  reason: Type.Optional(Reason),
})
export type AnnotationPatch = Static<typeof AnnotationPatch>

export const AnnotationHistory = Type.Object({
  items: Type.Array(AnnotationRecord, { description: 'newest first; each has all that held then' }),
  nextCursor: nullable(Type.String(), 'cursor of the next page; null on the last page'),
})
export type AnnotationHistory = Static<typeof AnnotationHistory>
