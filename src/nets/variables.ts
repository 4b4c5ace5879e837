import type { Graph, Node, Tensor } from '../graph/graph.js'
import { check } from '../graph/graph-error.js'
import { assign, type Variable, variable } from '../graph/ops/state.js'
import { formatShape, type Shape, sameShape, sizeOf } from '../graph/shape.js'
import { Freeze } from './freeze.js'
import type { Initializer } from './initializers.js'

interface VariableEntry {
  readonly variable: Variable
  readonly initializer: Initializer
  readonly trainable: boolean
}

/** A network's variables by name. Names are a file format: checkpoints store values under them. */
export class Variables {
  private readonly entries = new Map<string, VariableEntry>()

  constructor(
    readonly graph: Graph,
    readonly freeze = new Freeze([]),
  ) {}

  /** The variable of that name, created on first use: copies of a network share variables. */
  get(name: string, shape: Shape, initializer: Initializer, { trainable = true } = {}): Variable {
    const existing = this.entries.get(name)?.variable
    if (existing) {
      check(
        sameShape(existing.shape, shape),
        `variable ${name} is ${formatShape(existing.shape)}, it cannot also be ${formatShape(shape)}`,
      )
      return existing
    }
    const created = variable(this.graph, name, shape)
    const isTrainable = trainable && !this.freeze.isFrozen(name)
    this.entries.set(name, { variable: created, initializer, trainable: isTrainable })
    return created
  }

  /** In order of creation. */
  get all(): Variable[] {
    return [...this.entries.values()].map(entry => entry.variable)
  }

  get trainable(): Variable[] {
    return [...this.entries.values()].filter(entry => entry.trainable).map(entry => entry.variable)
  }

  /** Number of trainable parameters. */
  get parameters(): number {
    return this.trainable.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  }

  /** Effects that assign initial values to all variables created so far. */
  initialize(seed: Tensor | number): Node[] {
    return this.graph.nameScope('initialize', () =>
      [...this.entries.values()].map(({ variable: target, initializer }) =>
        this.graph.nameScope(target.name, () => {
          const key = { seed, index: nameHash(target.name) }
          return assign(target, initializer(this.graph, target.shape, key))
        }),
      ),
    )
  }
}

/** FNV-1a. As a random key, it makes values depend on the name, not on the order of creation. */
export function nameHash(name: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash
}
