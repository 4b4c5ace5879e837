import { type Static, Type } from 'typebox'

export const defaultPriority = 0

export const Priority = Type.Integer({
  minimum: -100,
  maximum: 100,
  default: defaultPriority,
  description:
    'jobs with a higher priority start first; one point counts as much as ten minutes of waiting',
})

/** The syntax of Kubernetes labels. Examples of keys: `team`, `example.org/team`. */
const part = '[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?'
const key = `([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?${part}`
const value = `(${part})?`

/** Most labels of a job. */
export const maxLabels = 32

const labelName = {
  pattern: `^${key}$`,
  description:
    "letters, digits, '-', '_' and '.', at most 63, a letter or digit at both ends, after an optional prefix such as 'example.org/'",
}
const labelValue = {
  pattern: `^${value}$`,
  description: "at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends",
}

export type Labels = Record<string, string>
export const Labels = Type.Unsafe<Labels>({
  type: 'object',
  maxProperties: maxLabels,
  propertyNames: labelName,
  additionalProperties: { type: 'string', ...labelValue },
  description: 'names and values of your choice, to find jobs by',
})

/** Labels to set; null removes one. */
export type LabelChanges = Record<string, string | null>
export const LabelChanges = Type.Unsafe<LabelChanges>({
  type: 'object',
  maxProperties: maxLabels,
  propertyNames: labelName,
  additionalProperties: { type: ['string', 'null'], ...labelValue },
  description: 'labels to set; null removes one, and labels that are not given stay',
})

/** Labels as a filter: a job must have all of them. */
export const RequiredLabels = Type.Unsafe<Labels>({
  ...Labels,
  description: 'only jobs with all of these labels',
})

/** A label in a query, such as `team:vision`. */
export const LabelFilter = Type.String({
  pattern: `^${key}:${value}$`,
  description: 'key:value',
})
export type LabelFilter = Static<typeof LabelFilter>
