import type { SampleStep } from '../../spec/dataset-steps.js'
import { apportionParts } from './sampling.js'
import type { StepErrors } from './step-errors.js'

/** How many records of each stratum a step keeps. Adds an error if it says none or two numbers, or too many. */
export function sampleSizes(
  { records, share }: SampleStep,
  counts: readonly number[],
  errors: StepErrors,
): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if ((records === undefined) === (share === undefined)) {
    const code = records === undefined ? 'required' : 'contradiction'
    errors.add('', code, 'sample needs records or share, and not both')
    return [...counts]
  }
  if (records !== undefined && records > total) {
    errors.add('/records', 'too_large', `there are ${total} records, fewer than ${records}`)
    return [...counts]
  }
  if (records === total) return [...counts]
  const size = records ?? Math.round(share! * total)
  if (size === 0) errors.add('/share', 'too_small', `${share} of ${total} records is less than one`)
  return apportionParts(counts, [size / total])[0]!
}
