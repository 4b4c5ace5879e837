import type { SplitStep } from '../../spec/dataset-steps.js'
import type { StepErrors } from './step-errors.js'

/** What no other split takes. */
const rest = 'train'

/** The splits in the order of their records: what is trained on comes first. */
export function orderSplits(names: readonly string[]): string[] {
  return [...names.filter(name => name === rest), ...names.filter(name => name !== rest)]
}

/** The names and shares of the splits beside train. Adds an error if they leave nothing for it. */
export function splitShares(
  { shares }: SplitStep,
  errors: StepErrors,
): { names: string[]; shares: number[] } {
  const names = Object.keys(shares)
  const values = Object.values(shares)
  if (names.includes(rest)) {
    const message = `${rest} gets what the other splits leave: give the shares of the others`
    errors.add(`/shares/${rest}`, 'contradiction', message)
  }
  const sum = values.reduce((total, share) => total + share, 0)
  if (sum >= 1) {
    const message = `the shares add up to ${sum}, which leaves nothing for ${rest}`
    errors.add('/shares', 'too_large', message)
  }
  return { names, shares: values }
}

export { rest as restSplit }
