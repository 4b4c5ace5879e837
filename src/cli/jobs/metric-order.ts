import { trainingName } from '../../presentation/metric-names.js'

/** Before the others, as a person looks at them. */
const first = ['loss', 'validationLoss', 'accuracy', 'validationAccuracy', 'validationTop5Accuracy']
/** They say how the training goes rather than how good it is. */
const last = ['l2Penalty', 'learningRate', 'examplesPerSecond']

const placeOf = (name: string) =>
  first.includes(name)
    ? first.indexOf(name) - first.length
    : last.includes(name)
      ? last.indexOf(name) + 1
      : 0

/** Names of metrics: the losses first, a metric beside its value on the validation records. */
export const inOrder = (names: Iterable<string>): string[] =>
  [...names].sort((a, b) => placeOf(a) - placeOf(b))

/** Metrics by what a chart shows together: `loss` and `validationLoss`. */
export function chartGroups(names: Iterable<string>): string[][] {
  const groups = new Map<string, string[]>()
  for (const name of inOrder(names)) {
    const base = trainingName(name)
    groups.set(base, [...(groups.get(base) ?? []), name])
  }
  return [...groups.values()]
}
