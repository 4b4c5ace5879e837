import { Check } from 'typebox/value'
import { quoteJson, TrainyardError } from '../../errors.js'
import { type SplitKind, SplitStep, splitKinds } from '../../spec/dataset-steps.js'
import { SplitName } from '../../spec/split-name.js'

const example = '{"val":0.1,"test":0.1}'

/**
 * Reads the shares of an upload's splits, with `seed`, `by` and `column` beside them, such as
 * `{"val":0.1,"test":0.1,"by":"class"}`. Returns the step, or what is wrong with the text.
 */
export function parseSplits(text: string): SplitStep | string {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return `is ${quoteJson(text)}, expected a JSON object such as ${example}`
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return `is ${quoteJson(parsed)}, expected an object such as ${example}`
  }
  const { seed, by, column, ...shares } = parsed as Record<string, unknown>
  for (const [name, share] of Object.entries(shares)) {
    if (!Check(SplitName, name)) {
      return `has ${quoteJson(name)}, expected a name of lower-case letters, digits, dash and underscore`
    }
    if (!(typeof share === 'number' && share > 0 && share < 1)) {
      return `has ${quoteJson(share)} for ${name}, expected a share between 0 and 1, such as 0.1`
    }
  }
  if (Object.keys(shares).length === 0) return `names no split, expected such as ${example}`
  if (by !== undefined && !splitKinds.includes(by as SplitKind)) {
    return `has by ${quoteJson(by)}, expected one of ${splitKinds.join(', ')}`
  }
  const step = {
    kind: 'split',
    shares,
    ...(by !== undefined && { by }),
    ...(seed !== undefined && { seed }),
    ...(column !== undefined && { column }),
  }
  if (Check(SplitStep, step)) return step
  return 'has a seed or a column that is not allowed, or too many splits: a seed is a whole number from 0, a column a name'
}

/** The words of an error of the step, for the field of the form; null if it is another one. */
export const splitProblems = (error: unknown): string[] | null =>
  error instanceof TrainyardError && error.code === 'INVALID_STEPS'
    ? error.errors.map(({ message }) => message)
    : null
