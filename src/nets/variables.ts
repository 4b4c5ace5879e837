import type { Graph, Node, Tensor } from '../graph/graph.js'
import { check } from '../graph/graph-error.js'
import { assign, type Variable, variable } from '../graph/ops/state.js'
import { describe, type Shape, sameShape, sizeOf } from '../graph/shape.js'
import { Freeze } from './freeze.js'
import type { Initial } from './initializers.js'

interface Kept {
  readonly variable: Variable
  readonly initial: Initial
  readonly trainable: boolean
}

/** A network's variables by name. Names are a file format: checkpoints keep values under them. */
export class Variables {
  readonly #kept = new Map<string, Kept>()

  constructor(
    readonly graph: Graph,
    readonly freeze = new Freeze([]),
  ) {}

  /** The variable of that name, made on first use: so two copies of a network share theirs. */
  get(name: string, shape: Shape, initial: Initial, { trainable = true } = {}): Variable {
    const known = this.#kept.get(name)?.variable
    if (known) {
      check(
        sameShape(known.shape, shape),
        `variable ${name} is ${describe(known.shape)}, it cannot also be ${describe(shape)}`,
      )
      return known
    }
    const made = variable(this.graph, name, shape)
    const trained = trainable && !this.freeze.has(name)
    this.#kept.set(name, { variable: made, initial, trainable: trained })
    return made
  }

  /** In the order of their making. */
  get all(): Variable[] {
    return [...this.#kept.values()].map(kept => kept.variable)
  }

  get trainable(): Variable[] {
    return [...this.#kept.values()].filter(kept => kept.trainable).map(kept => kept.variable)
  }

  /** How many numbers training adjusts. */
  get parameters(): number {
    return this.trainable.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  }

  /** Effects that give every variable made so far its first value, drawn from the seed. */
  initialize(seed: Tensor | number): Node[] {
    return this.graph.within('initialize', () =>
      [...this.#kept.values()].map(({ variable: target, initial }) =>
        this.graph.within(target.name, () => {
          const key = { seed, index: nameHash(target.name) }
          return assign(target, initial(this.graph, target.shape, key))
        }),
      ),
    )
  }
}

/** FNV-1a: random numbers depend on the name of what they are for, not on what was made before. */
export function nameHash(name: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash
}
