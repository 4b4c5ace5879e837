import type { Attrs } from './attr.js'
import type { DType } from './dtype.js'
import { check } from './graph-error.js'
import type { FunctionDef } from './proto/tensorflow_pb.js'
import type { Shape } from './shape.js'

/** One output of a node. */
export interface Tensor {
  readonly node: Node
  readonly index: number
  /** TensorFlow's output argument and the index in it, such as `components:1`. */
  readonly port: string
  readonly shape: Shape
  readonly dtype: DType
}

export interface OutputSpec {
  /** The output argument's name in TensorFlow's op definition. */
  readonly arg: string
  readonly shape: Shape
  readonly dtype: DType
}

/** An operation, as the graph needs it; `defineOp` and its siblings in op.ts create typed ones. */
export interface Op {
  readonly type: string
  outputs(inputs: readonly Tensor[], attrs: unknown): readonly OutputSpec[]
  attrs(inputs: readonly Tensor[], attrs: unknown): Attrs
  readonly gradient:
    | ((dys: readonly (Tensor | undefined)[], node: Node) => readonly (Tensor | null)[])
    | null
}

export interface Node {
  readonly graph: Graph
  readonly name: string
  readonly op: Op
  readonly inputs: readonly Tensor[]
  readonly attrs: unknown
  /** Nodes that must run before this one, although it does not read their outputs. */
  readonly controlInputs: readonly Node[]
  readonly outputs: readonly Tensor[]
  /** Where it runs, such as `/device:CPU:1`; empty if TensorFlow chooses, at the graph's home. */
  readonly device: string
}

export interface NodeOptions {
  /** Required if there are no inputs to take the graph from. */
  readonly graph?: Graph | undefined
  readonly name?: string | undefined
  readonly controlInputs?: readonly (Node | Tensor)[] | undefined
  /** Default: that of `onDevice`. */
  readonly device?: string | undefined
}

/** A graph under construction. Nodes are in order of creation, so every node follows its inputs. */
export class Graph {
  readonly nodes: Node[] = []
  readonly functions = new Map<string, FunctionDef>()
  private readonly usedNames = new Map<string, number>()
  /**
   * Whether sums of several tensors keep one order. TensorFlow may otherwise add the same tensors in another order in
   * another part of a graph, which changes the last digits.
   */
  readonly keepsSums: boolean
  /** Where nodes without a device of their own run, such as a task of a cluster; empty if TensorFlow chooses. */
  readonly home: string
  private scope = ''
  private device = ''

  /** Prefixes the names of nodes that `body` creates with `scope/`. `null` returns to the root. */
  nameScope<T>(scope: string | null, body: () => T): T {
    const outer = this.scope
    this.scope = scope === null ? '' : `${outer}${scope}/`
    try {
      return body()
    } finally {
      this.scope = outer
    }
  }

  constructor({ keepsSums = false, home = '' }: { keepsSums?: boolean; home?: string } = {}) {
    this.keepsSums = keepsSums
    this.home = home
  }

  /** Places the nodes that `body` creates on a device. An empty name leaves the choice to TensorFlow, at `home`. */
  onDevice<T>(device: string, body: () => T): T {
    const outer = this.device
    this.device = device
    try {
      return body()
    } finally {
      this.device = outer
    }
  }

  add(op: Op, inputs: readonly Tensor[], attrs: unknown, options: NodeOptions = {}): Node {
    for (const input of inputs) {
      check(input.node.graph === this, `${op.type}: ${input.node.name} belongs to another graph`)
    }
    const outputs: Tensor[] = []
    const node: Node = {
      graph: this,
      name: this.uniqueName(this.scope + (options.name ?? op.type)),
      op,
      inputs,
      attrs,
      controlInputs: (options.controlInputs ?? []).map(controlInput =>
        'node' in controlInput ? controlInput.node : controlInput,
      ),
      outputs,
      device: options.device ?? this.device,
    }
    const counts = new Map<string, number>()
    for (const [index, { arg, shape, dtype }] of op.outputs(inputs, attrs).entries()) {
      const argIndex = counts.get(arg) ?? 0
      counts.set(arg, argIndex + 1)
      outputs.push({ node, index, port: `${arg}:${argIndex}`, shape, dtype })
    }
    this.nodes.push(node)
    return node
  }

  private uniqueName(requested: string): string {
    check(
      /^[A-Za-z0-9.][A-Za-z0-9_./-]*$/.test(requested),
      `${requested} cannot name a node: use letters, digits and _ . / -`,
    )
    let count = this.usedNames.get(requested) ?? 0
    let name = requested
    while (this.usedNames.has(name)) name = `${requested}_${++count}`
    this.usedNames.set(requested, count)
    this.usedNames.set(name, this.usedNames.get(name) ?? 0)
    return name
  }
}
