import { type Static, Type } from 'typebox'

export const defaultPriority = 0

export const Priority = Type.Integer({
  minimum: -100,
  maximum: 100,
  default: defaultPriority,
  description: 'higher first; ten minutes of waiting count as much as one',
})

/** Kubernetes' rules: `team` or `example.org/team`, each part of a name begins and ends with a letter or digit. */
const part = '[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?'
const key = `([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?${part}`
const value = `(${part})?`

export type Labels = Record<string, string>
export const Labels = Type.Unsafe<Labels>({
  type: 'object',
  maxProperties: 32,
  propertyNames: {
    pattern: `^${key}$`,
    description: "letters, digits, '-', '_' and '.', at most 63, with an optional 'prefix/' before",
  },
  additionalProperties: {
    type: 'string',
    pattern: `^${value}$`,
    description: "at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends",
  },
  description: 'for the client to find jobs by',
})

/** How a filter names a label: `team:vision`. */
export const LabelFilter = Type.String({
  pattern: `^${key}:${value}$`,
  description: 'key:value',
})
export type LabelFilter = Static<typeof LabelFilter>
