// Initial weights from a checkpoint, matched by variable name and shape.
import { TrainingFailure } from '../errors.js'
import type { DType } from '../graph/dtype.js'
import type { Node, Tensor } from '../graph/graph.js'
import { restoreTensors } from '../graph/ops/checkpoint.js'
import { cast } from '../graph/ops/math.js'
import { assign, type Variable } from '../graph/ops/state.js'
import { formatShape, sameShape } from '../graph/shape.js'
import type { InitReport } from '../spec/init-from.js'
import type { WeightsTensor } from '../spec/weights.js'

interface MatchedVariable {
  variable: Variable
  /** The type in the checkpoint. */
  dtype: DType
}

export interface WeightsMatch {
  matched: MatchedVariable[]
  report: InitReport
}

/** The types that are cast to the network's float32. A float64 is rounded; the others are exact. */
const castableTypes: readonly DType[] = ['float64', 'float16', 'bfloat16']

/**
 * Finds the network's variables that the checkpoint has. The report names the others, which keep
 * their random initial values, with the reason. Throws `init_nothing_matches` if there is no match.
 */
export function matchWeights(
  variables: readonly Variable[],
  checkpointTensors: readonly WeightsTensor[],
): WeightsMatch {
  const byName = new Map(checkpointTensors.map(tensor => [tensor.name, tensor]))
  const matched: MatchedVariable[] = []
  const skipped: InitReport['skipped'] = []
  for (const variable of variables) {
    const found = match(variable, byName.get(variable.name))
    if (typeof found === 'string') skipped.push({ name: variable.name, reason: found })
    else matched.push(found)
  }
  if (matched.length === 0) throw nothingMatches(variables, checkpointTensors, skipped)
  const castVariables = matched
    .filter(({ variable, dtype }) => dtype !== variable.dtype)
    .map(({ variable, dtype }) => ({ name: variable.name, from: dtype }))
  return {
    matched,
    report: {
      matched: matched.map(({ variable }) => variable.name),
      skipped,
      cast: castVariables,
    },
  }
}

/** Effects that assign the bundle's values to the matched variables. */
export function assignWeights(bundle: Tensor, { matched }: WeightsMatch): Node[] {
  const stored = matched.map(({ variable: { name, shape }, dtype }) => ({ name, shape, dtype }))
  const values = restoreTensors(bundle, stored)
  return matched.map(({ variable }, i) => assign(variable, cast(values[i]!, variable.dtype)))
}

/** The variable with the type of its values, or the reason why it has none in the checkpoint. */
function match(
  variable: Variable,
  checkpointTensor: WeightsTensor | undefined,
): MatchedVariable | string {
  if (!checkpointTensor) return 'the checkpoint has no such variable'
  if (!sameShape(checkpointTensor.shape, variable.shape)) {
    return `it is ${formatShape(checkpointTensor.shape)} in the checkpoint, ${formatShape(variable.shape)} in the network`
  }
  const { dtype } = checkpointTensor
  if (dtype === variable.dtype) return { variable, dtype }
  const castable = castableTypes.find(type => type === dtype)
  if (castable && variable.dtype === 'float32') return { variable, dtype: castable }
  return `it is ${dtype} in the checkpoint, ${variable.dtype} in the network`
}

function nothingMatches(
  variables: readonly Variable[],
  checkpointTensors: readonly WeightsTensor[],
  skipped: InitReport['skipped'],
) {
  const firstNames = (names: readonly { name: string }[]) =>
    `${names
      .slice(0, 3)
      .map(({ name }) => name)
      .join(', ')}${names.length > 3 ? ', …' : ''}`
  const names = new Set(checkpointTensors.map(({ name }) => name))
  const sameName = skipped.find(({ name }) => names.has(name))
  const remedy = sameName
    ? `; of ${sameName.name}, ${sameName.reason}`
    : networkHint(checkpointTensors)
  return new TrainingFailure(
    'init_nothing_matches',
    `initFrom: no variable of the network is in the checkpoint by name and shape; the network has ${firstNames(variables)}, the checkpoint ${firstNames(checkpointTensors) || 'nothing'}${remedy}`,
  )
}

/** Names the model of a checkpoint whose variables have the names of another network; empty if unknown. */
function networkHint(checkpointTensors: readonly WeightsTensor[]): string {
  for (const { name } of checkpointTensors) {
    const [, family, version, depth] = /^(resnet|vgg)(?:_v([12]))?_(\d+)\//.exec(name) ?? []
    if (!family) continue
    const model = {
      kind: family,
      depth: Number(depth),
      ...(version && { version: Number(version) }),
    }
    return `; it is of the model ${JSON.stringify(model)}`
  }
  return ''
}
