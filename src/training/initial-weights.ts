// Weights from elsewhere: values by name and shape, never graphs.

import { TrainyardError } from '../errors.js'
import type { Node, Tensor } from '../graph/graph.js'
import { restoreTensors } from '../graph/ops/checkpoint.js'
import { assign, type Variable } from '../graph/ops/state.js'
import { describe, sameShape } from '../graph/shape.js'
import type { Initialised } from '../spec/init-from.js'
import type { WeightsTensor } from '../spec/weights.js'

export interface Matching {
  matched: Variable[]
  report: Initialised
}

/** Which of a network's variables a checkpoint has; the others keep their fresh values, with the reason. */
export function matchWeights(
  variables: readonly Variable[],
  given: readonly WeightsTensor[],
): Matching {
  const byName = new Map(given.map(tensor => [tensor.name, tensor]))
  const matched: Variable[] = []
  const skipped: Initialised['skipped'] = []
  for (const variable of variables) {
    const reason = misfit(variable, byName.get(variable.name))
    if (reason === null) matched.push(variable)
    else skipped.push({ name: variable.name, reason })
  }
  if (matched.length === 0) throw nothingMatches(variables, given)
  return { matched, report: { matched: matched.map(({ name }) => name), skipped } }
}

/** Effects that give the matched variables their values of the bundle. */
export function assignFrom(bundle: Tensor, { matched }: Matching): Node[] {
  const values = restoreTensors(bundle, matched)
  return matched.map((target, i) => assign(target, values[i]!))
}

function misfit(variable: Variable, given: WeightsTensor | undefined): string | null {
  if (!given) return 'the checkpoint has no such variable'
  if (!sameShape(given.shape, variable.shape)) {
    return `it is ${describe(given.shape)} in the checkpoint, ${describe(variable.shape)} in the network`
  }
  if (given.dtype !== variable.dtype) {
    return `it is ${given.dtype} in the checkpoint, ${variable.dtype} in the network`
  }
  return null
}

function nothingMatches(variables: readonly Variable[], given: readonly WeightsTensor[]) {
  const some = (names: readonly { name: string }[]) =>
    `${names
      .slice(0, 3)
      .map(({ name }) => name)
      .join(', ')}${names.length > 3 ? ', …' : ''}`
  return new TrainyardError(
    'INIT_NOTHING_MATCHES',
    'invalid',
    `initFrom: no variable of the network is in the checkpoint by name and shape; the network has ${some(variables)}, the checkpoint ${some(given) || 'nothing'}`,
  )
}
