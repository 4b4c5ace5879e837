import type { Table } from '../../src/boosting/training-table.js'
import { listNames } from '../../src/spec/notes.js'

/** Says which classes only one of the two parts has: rows held out by group or time may be of few classes. */
export function describeClassCoverage(
  training: Pick<Table, 'labels'>,
  validation: Pick<Table, 'labels'>,
  labels: readonly string[],
): string[] {
  const [trained, validated] = [new Set(training.labels), new Set(validation.labels)]
  const only = (one: ReadonlySet<number>, other: ReadonlySet<number>) =>
    labels.filter((_, index) => one.has(index) && !other.has(index))
  const unlearnt = only(validated, trained)
  const unmeasured = only(trained, validated)
  return [
    ...(unlearnt.length > 0
      ? [
          `classes of the validation rows that no training row has, so they cannot be learnt: ${listNames(unlearnt)}`,
        ]
      : []),
    ...(unmeasured.length > 0
      ? [
          `classes that no validation row has, so nothing is measured of them: ${listNames(unmeasured)}`,
        ]
      : []),
  ]
}
