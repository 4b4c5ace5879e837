import { attr } from '../attr.js'
import type { Tensor } from '../graph.js'
import { apply, defineOp } from '../op.js'
import { scalar } from './constant.js'

export const StringJoin = defineOp<readonly Tensor[]>({
  type: 'StringJoin',
  output: 'output',
  shape: ([x]) => x!.shape,
  attrs: inputs => ({ N: attr.int(inputs.length), separator: attr.string('') }),
  gradient: null,
})

/**
 * Strings in memory of their own. The Node binding frees the strings that it feeds when the run ends, although
 * a data set that the run has made may read them later.
 */
export const copyStrings = (x: Tensor): Tensor =>
  apply(StringJoin, [x, scalar(x.node.graph, '', 'string')], {})
