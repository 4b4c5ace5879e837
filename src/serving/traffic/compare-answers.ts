import type { Probabilities, RowValues } from '../../spec/ipc-messages.js'
import type { BoostingModel, Model } from '../../spec/model.js'

/** How the answers of two versions to one request differ. */
export interface Comparison {
  /** Images or rows. */
  instances: number
  /** Those whose predicted class differs or, without classes, whose values differ by more than rounding. */
  different: number
  /** The largest difference of a probability, or of a value; null if the versions have other classes. */
  maxDifference: number | null
}

type Scores = Pick<Probabilities, 'probabilities' | 'classes'>

/** Beyond the rounding of float32, relative to the value. */
const tolerance = 1e-5

export function compareProbabilities(
  main: Model,
  answer: Scores,
  shadow: Model,
  other: Scores,
): Comparison {
  const instances = answer.probabilities.length / answer.classes
  let different = 0
  for (let row = 0; row < instances; row++) {
    const label = main.labels[argMax(answer, row)]
    if (label === undefined || label !== shadow.labels[argMax(other, row)]) different++
  }
  const hasSameLabels = JSON.stringify(main.labels) === JSON.stringify(shadow.labels)
  const maxDifference = hasSameLabels
    ? largestDifference(answer.probabilities, other.probabilities)
    : null
  return { instances, different, maxDifference }
}

export function compareRows(
  main: BoostingModel,
  answer: RowValues,
  shadow: BoostingModel,
  other: RowValues,
): Comparison {
  const { objective } = main.model
  if (objective === 'multiclass') {
    const probabilities = ({ values, outputs }: RowValues) => ({
      probabilities: values,
      classes: outputs,
    })
    return compareProbabilities(main, probabilities(answer), shadow, probabilities(other))
  }
  const instances = answer.values.length / answer.outputs
  const isBinary = objective === 'binary'
  let different = 0
  for (let row = 0; row < instances; row++) {
    const differs = Array.from({ length: answer.outputs }, (_, i) => {
      const [a, b] = [answer.values, other.values].map(values => values[row * answer.outputs + i]!)
      if (isBinary) return main.labels[Number(a! > 0.5)] !== shadow.labels[Number(b! > 0.5)]
      return Math.abs(a! - b!) > tolerance * Math.max(1, Math.abs(a!))
    })
    if (differs.includes(true)) different++
  }
  return { instances, different, maxDifference: largestDifference(answer.values, other.values) }
}

function argMax({ probabilities, classes }: Scores, row: number): number {
  let index = 0
  for (let i = 1; i < classes; i++) {
    if (probabilities[row * classes + i]! > probabilities[row * classes + index]!) index = i
  }
  return index
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  let largest = 0
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!))
  return largest
}

/** Why rows that are encoded for one model cannot be given to the other as they are; null if they can. */
export function encodingDifference(main: BoostingModel, shadow: BoostingModel): string | null {
  if (main.model.objective !== shadow.model.objective) return 'it has another objective'
  const forms = [main, shadow].map(({ input, model }) =>
    JSON.stringify([input.columns, input.offset, model.quantile]),
  )
  return forms[0] === forms[1] ? null : 'its columns, categories or quantiles are others'
}
