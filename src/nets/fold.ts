// Batch-norm folding: with fixed moving averages, batch norm only scales and shifts, so the weights
// and biases of the convolution before it can include it. Serving uses the folded network.
import type { Tensor } from '../graph/graph.js'
import { add, div, mul, sqrt, sub } from '../graph/ops/math.js'
import type { Variable } from '../graph/ops/state.js'

/** A batch norm that can be folded: its input is a convolution whose output nothing else reads. */
export interface Fold {
  readonly conv: string
  readonly norm: string
  readonly epsilon: number
}

export const foldedWeights = 'folded_weights'
export const foldedBiases = 'folded_biases'

/** Values of the folded weights and biases, by name, from the trained network's variables. */
export function foldedValues(
  folds: readonly Fold[],
  variables: readonly Pick<Variable, 'name' | 'value'>[],
): Record<string, Tensor> {
  const values = new Map(variables.map(({ name, value }) => [name, value]))
  const folded: [string, Tensor][] = folds.flatMap(({ conv, norm, epsilon }) => {
    const [gamma, beta, mean, variance] = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map(
      part => values.get(`${norm}/${part}`)!,
    ) as [Tensor, Tensor, Tensor, Tensor]
    const bias = values.get(`${conv}/biases`)
    const scale = div(gamma, sqrt(add(variance, epsilon)))
    const shiftedMean = bias ? sub(mean, bias) : mean
    return [
      [`${conv}/${foldedWeights}`, mul(values.get(`${conv}/weights`)!, scale)],
      [`${conv}/${foldedBiases}`, sub(beta, mul(shiftedMean, scale))],
    ]
  })
  return Object.fromEntries(folded)
}
