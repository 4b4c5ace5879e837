import { links } from '../../trees/links.js'
import type { TreeTable, XgboostModel } from '../../trees/xgboost-model.js'
import { OnnxGraph } from './onnx-graph.js'

/** The inputs of the graph. */
const rows = 'rows'
const offset = 'offset'

interface TreesOptions {
  /** Whether each row has a number that is added to its margin. */
  hasOffset: boolean
}

/**
 * Trees as a TreeEnsembleRegressor and the objective's function. `rows`: [batch, columns], NaN for missing values,
 * categories as their index. → `margins` and, as the objective has it, `value`, `values`, `score` or
 * `probabilities`.
 */
export function treesToOnnx(model: XgboostModel, { hasOffset }: TreesOptions): OnnxGraph {
  const graph = new OnnxGraph()
  graph.input(rows, ['batch', model.columns])
  const ensemble = new Ensemble()
  for (const [i, tree] of model.trees.entries()) ensemble.add(tree.read(), model.treeOutputs[i]!)
  const link = links[model.objective]
  const objective = objectives[model.objective]
  if (!link || !objective) throw new Error(`ONNX export: the objective is ${model.objective}`)
  const sums = hasOffset ? 'sums' : 'margins'
  const attributes = {
    n_targets: model.outputs,
    base_values: Float32Array.from(model.baseScores, link.toMargin),
    ...ensemble.attributes(),
  }
  graph.add('TreeEnsembleRegressor', [rows], sums, attributes, 'ai.onnx.ml')
  if (hasOffset) graph.add('Add', [sums, graph.input(offset, ['batch', 1])], 'margins')
  graph.output('margins', ['batch', model.outputs])
  const { name, count = model.outputs } = objective(graph, model.outputs)
  graph.output(name, ['batch', count])
  return graph
}

/** From `margins` to what the objective predicts: its name, and how many there are of a row if not one an output. */
type Objective = (graph: OnnxGraph, outputs: number) => { name: string; count?: number }

const named =
  (opType: string, name: string): Objective =>
  graph => ({ name: graph.add(opType, ['margins'], name) })

/** The trees of a higher quantile may predict less than those of a lower one; XGBoost sorts them. */
const sorted: Objective = (graph, outputs) => {
  const count = graph.constant('quantiles', [1], BigInt64Array.of(BigInt(outputs)))
  const attributes = { axis: 1, largest: 0, sorted: 1 }
  return { name: graph.add('TopK', ['margins', count], 'values', attributes, '', ['order']) }
}

const bothClasses: Objective = graph => {
  const positive = graph.add('Sigmoid', ['margins'], 'positive')
  const one = graph.constant('one', [1], Float32Array.of(1))
  const negative = graph.add('Sub', [one, positive], 'negative')
  const name = graph.add('Concat', [negative, positive], 'probabilities', { axis: 1 })
  return { name, count: 2 }
}

/** By XGBoost's names, of the objectives that are trained here. */
const objectives: Readonly<Record<string, Objective>> = {
  'reg:squarederror': named('Identity', 'value'),
  'reg:absoluteerror': named('Identity', 'value'),
  'reg:pseudohubererror': named('Identity', 'value'),
  'count:poisson': named('Exp', 'value'),
  'reg:gamma': named('Exp', 'value'),
  'reg:tweedie': named('Exp', 'value'),
  'reg:quantileerror': sorted,
  'rank:ndcg': named('Identity', 'score'),
  'binary:logistic': bothClasses,
  'multi:softprob': (graph, outputs) => ({
    name: graph.add('Softmax', ['margins'], 'probabilities', { axis: 1 }),
    count: outputs,
  }),
}

/** The lists of ai.onnx.ml's TreeEnsembleRegressor: an item for each node, and one for each leaf. */
class Ensemble {
  private readonly modes: string[] = []
  private readonly trees: number[] = []
  private readonly ids: number[] = []
  private readonly columns: number[] = []
  private readonly values: number[] = []
  private readonly whenTrue: number[] = []
  private readonly whenFalse: number[] = []
  private readonly missingIsTrue: number[] = []
  private readonly leaves = {
    trees: [] as number[],
    ids: [] as number[],
    outputs: [] as number[],
    weights: [] as number[],
  }
  private count = 0

  add(table: TreeTable, output: number): void {
    const { left, column, condition, defaultLeft, categories, weight } = table
    const tree = this.count++
    let nextId = left.length
    for (let node = 0; node < left.length; node++) {
      const child = left[node]!
      if (child < 0) {
        this.push('LEAF', { tree, id: node, column: 0, value: 0 }, [0, 0], false)
        this.leaves.trees.push(tree)
        this.leaves.ids.push(node)
        this.leaves.outputs.push(output)
        this.leaves.weights.push(condition[node]! * weight)
        continue
      }
      const missingGoesLeft = defaultLeft[node] !== 0
      const goesRight = categories.get(node)
      const split = { tree, id: node, column: column[node]! }
      if (!goesRight) {
        const value = condition[node]!
        this.push('BRANCH_LT', { ...split, value }, [child, child + 1], missingGoesLeft)
        continue
      }
      // a node for each category of the set: a set in one node needs a later version of the operator
      let id = node
      for (const [i, category] of [...goesRight].entries()) {
        const isLast = i === goesRight.length - 1
        const otherwise = isLast ? child : nextId
        const comparison = { ...split, id, value: category }
        this.push('BRANCH_EQ', comparison, [child + 1, otherwise], !missingGoesLeft)
        if (!isLast) id = nextId++
      }
    }
  }

  attributes() {
    return {
      nodes_modes: this.modes,
      nodes_treeids: this.trees,
      nodes_nodeids: this.ids,
      nodes_featureids: this.columns,
      nodes_values: Float32Array.from(this.values),
      nodes_truenodeids: this.whenTrue,
      nodes_falsenodeids: this.whenFalse,
      nodes_missing_value_tracks_true: this.missingIsTrue,
      target_treeids: this.leaves.trees,
      target_nodeids: this.leaves.ids,
      target_ids: this.leaves.outputs,
      target_weights: Float32Array.from(this.leaves.weights),
    }
  }

  private push(
    mode: string,
    { tree, id, column, value }: { tree: number; id: number; column: number; value: number },
    [whenTrue, whenFalse]: readonly [number, number],
    missingIsTrue: boolean,
  ): void {
    this.modes.push(mode)
    this.trees.push(tree)
    this.ids.push(id)
    this.columns.push(column)
    this.values.push(value)
    this.whenTrue.push(whenTrue)
    this.whenFalse.push(whenFalse)
    this.missingIsTrue.push(missingIsTrue ? 1 : 0)
  }
}
