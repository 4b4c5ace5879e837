import type { DType } from '../graph/dtype.js'
import { type Variable, variable } from '../graph/ops/state.js'

/**
 * bfloat16 copies of float32 variables, which the optimizer writes with the variables, so that no step casts them.
 * They are no part of a checkpoint: whatever assigns the variables must assign the copies, too.
 */
export class WeightCopies {
  private readonly copies = new Map<Variable, Variable>()

  /** The copy of a variable, created on first use; undefined for other types than bfloat16. */
  get(target: Variable, dtype: DType): Variable | undefined {
    if (dtype !== 'bfloat16') return undefined
    const existing = this.copies.get(target)
    if (existing) return existing
    const { name, shape, handle } = target
    const copy = variable(handle.node.graph, `${name}/bfloat16`, shape, dtype)
    this.copies.set(target, copy)
    return copy
  }

  /** The copy of a variable, if a layer uses one. */
  find(target: Variable): Variable | undefined {
    return this.copies.get(target)
  }

  /** Variables and their copies. */
  get all(): [target: Variable, copy: Variable][] {
    return [...this.copies]
  }
}
