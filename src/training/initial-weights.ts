// Initial weights from a checkpoint, matched by variable name and shape.
import { TrainingFailure } from '../errors.js'
import type { Node, Tensor } from '../graph/graph.js'
import { restoreTensors } from '../graph/ops/checkpoint.js'
import { assign, type Variable } from '../graph/ops/state.js'
import { formatShape, sameShape } from '../graph/shape.js'
import type { InitReport } from '../spec/init-from.js'
import type { WeightsTensor } from '../spec/weights.js'

export interface WeightsMatch {
  matched: Variable[]
  report: InitReport
}

/**
 * Finds the network's variables that the checkpoint has. The report names the others, which keep
 * their random initial values, with the reason. Throws `init_nothing_matches` if there is no match.
 */
export function matchWeights(
  variables: readonly Variable[],
  checkpointTensors: readonly WeightsTensor[],
): WeightsMatch {
  const byName = new Map(checkpointTensors.map(tensor => [tensor.name, tensor]))
  const matched: Variable[] = []
  const skipped: InitReport['skipped'] = []
  for (const variable of variables) {
    const reason = mismatch(variable, byName.get(variable.name))
    if (reason === null) matched.push(variable)
    else skipped.push({ name: variable.name, reason })
  }
  if (matched.length === 0) throw nothingMatches(variables, checkpointTensors)
  return { matched, report: { matched: matched.map(({ name }) => name), skipped } }
}

/** Effects that assign the bundle's values to the matched variables. */
export function assignWeights(bundle: Tensor, { matched }: WeightsMatch): Node[] {
  const values = restoreTensors(bundle, matched)
  return matched.map((target, i) => assign(target, values[i]!))
}

function mismatch(variable: Variable, checkpointTensor: WeightsTensor | undefined): string | null {
  if (!checkpointTensor) return 'the checkpoint has no such variable'
  if (!sameShape(checkpointTensor.shape, variable.shape)) {
    return `it is ${formatShape(checkpointTensor.shape)} in the checkpoint, ${formatShape(variable.shape)} in the network`
  }
  if (checkpointTensor.dtype !== variable.dtype) {
    return `it is ${checkpointTensor.dtype} in the checkpoint, ${variable.dtype} in the network`
  }
  return null
}

function nothingMatches(
  variables: readonly Variable[],
  checkpointTensors: readonly WeightsTensor[],
) {
  const firstNames = (names: readonly { name: string }[]) =>
    `${names
      .slice(0, 3)
      .map(({ name }) => name)
      .join(', ')}${names.length > 3 ? ', …' : ''}`
  return new TrainingFailure(
    'init_nothing_matches',
    `initFrom: no variable of the network is in the checkpoint by name and shape; the network has ${firstNames(variables)}, the checkpoint ${firstNames(checkpointTensors) || 'nothing'}`,
  )
}
