import { Booster } from '../../src/boosting/booster.js'

export interface RandomModel {
  objective: string
  columns: number
  outputs: number
  /** Columns that are split by category. */
  categorical: ReadonlySet<number>
  /** In XGBoost's format, as XGBoost itself writes it. */
  ubjson: Uint8Array
  /** Conditions of the splits, near which rows are interesting. */
  conditions: readonly number[]
}

export const objectives: Record<string, { outputs: number; fields: object }> = {
  'reg:squarederror': { outputs: 1, fields: { reg_loss_param: { scale_pos_weight: '1' } } },
  'reg:absoluteerror': { outputs: 1, fields: {} },
  'reg:pseudohubererror': { outputs: 1, fields: { pseudo_huber_param: { huber_slope: '1' } } },
  'rank:ndcg': { outputs: 1, fields: { lambdarank_param: {} } },
  'binary:logistic': { outputs: 1, fields: { reg_loss_param: { scale_pos_weight: '1' } } },
  'count:poisson': {
    outputs: 1,
    fields: { poisson_regression_param: { max_delta_step: '0.7' } },
  },
  'reg:gamma': { outputs: 1, fields: {} },
  'reg:tweedie': {
    outputs: 1,
    fields: { tweedie_regression_param: { tweedie_variance_power: '1.5' } },
  },
  'multi:softprob': { outputs: 5, fields: { softmax_multiclass_param: { num_class: '5' } } },
  'reg:quantileerror': {
    outputs: 3,
    fields: { quantile_loss_param: { quantile_alpha: '[0.1, 0.5, 0.9]' } },
  },
}

const extremes = [0, -0, 1e-45, -1e-45, 1.1754944e-38, 1e-20, -1e20, 3.4028235e38, -3.4028235e38]
const maxDepth = 12
const categories = 100

/** Trees that no training would make: of any shape, with conditions and leaves of any size. */
export function randomModel(objective: string, uniform: () => number, scale: number): RandomModel {
  const { outputs, fields } = objectives[objective]!
  const columns = 1 + below(9)
  const categorical = new Set(Array.from({ length: below(columns + 1) }, () => below(columns)))
  const conditions: number[] = []
  const trees = Array.from({ length: outputs * (1 + below(9)) }, (_, id) => randomTree(id))
  const model = {
    gbtree_model_param: { num_parallel_tree: '1', num_trees: String(trees.length) },
    iteration_indptr: Array.from({ length: trees.length / outputs + 1 }, (_, i) => i * outputs),
    tree_info: trees.map((_, id) => id % outputs),
    trees,
    cats: { enc: [], feature_segments: [], sorted_idx: [] },
  }
  const scores = Array.from({ length: outputs }, () => fround(0.01 + 0.98 * uniform()))
  const document = {
    version: [3, 4, 1],
    learner: {
      attributes: {},
      feature_names: [],
      feature_types: Array.from({ length: columns }, (_, i) => (categorical.has(i) ? 'c' : 'q')),
      gradient_booster: { model, name: 'gbtree' },
      learner_model_param: {
        base_score: `[${scores.join(',')}]`,
        boost_from_average: '1',
        num_class: objective === 'multi:softprob' ? String(outputs) : '0',
        num_feature: String(columns),
        num_target: objective === 'reg:quantileerror' ? String(outputs) : '1',
      },
      objective: { name: objective, ...fields },
    },
  }
  using booster = Booster.load(
    Buffer.from(JSON.stringify(document).replaceAll(/"@([^"]*)"/g, '$1')),
  )
  return { objective, columns, outputs, categorical, ubjson: booster.save('ubj'), conditions }

  function below(limit: number): number {
    return Math.floor(uniform() * limit)
  }

  function randomNumber(): number {
    const kind = below(8)
    if (kind === 0) return extremes[below(extremes.length)]!
    if (kind === 1) return fround((uniform() - 0.5) * 1e-40)
    return fround((uniform() - 0.5) * 4)
  }

  function randomTree(id: number) {
    const nodes: Record<'left' | 'right' | 'parent' | 'column' | 'condition' | 'toLeft', number[]> =
      { left: [], right: [], parent: [], column: [], condition: [], toLeft: [] }
    const sets: { node: number; members: number[] }[] = []
    addNode(2147483647)
    grow(0, 0)
    sets.sort((a, b) => a.node - b.node)
    const zeros = nodes.left.map(() => asFloat(0))
    const starts = sets.map((_, i) =>
      sets.slice(0, i).reduce((sum, { members }) => sum + members.length, 0),
    )
    return {
      id,
      left_children: nodes.left,
      right_children: nodes.right,
      parents: nodes.parent,
      split_indices: nodes.column,
      split_conditions: nodes.condition.map(asFloat),
      default_left: nodes.toLeft,
      split_type: nodes.left.map((_, node) => (sets.some(set => set.node === node) ? 1 : 0)),
      base_weights: zeros,
      loss_changes: zeros,
      sum_hessian: zeros,
      categories: sets.flatMap(({ members }) => members),
      categories_nodes: sets.map(({ node }) => node),
      categories_segments: starts,
      categories_sizes: sets.map(({ members }) => members.length),
      tree_param: {
        num_deleted: '0',
        num_feature: String(columns),
        num_nodes: String(nodes.left.length),
        size_leaf_vector: '1',
      },
    }

    function addNode(parent: number): number {
      const node = nodes.left.length
      for (const list of Object.values(nodes)) list.push(0)
      nodes.parent[node] = parent
      nodes.toLeft[node] = below(2)
      return node
    }

    function grow(node: number, depth: number): void {
      if (depth === maxDepth || uniform() < 0.15 + 0.03 * depth) {
        nodes.left[node] = -1
        nodes.right[node] = -1
        nodes.condition[node] = fround((uniform() - 0.5) * scale)
        return
      }
      const column = below(columns)
      nodes.column[node] = column
      if (categorical.has(column)) {
        const all = Array.from({ length: 1 + below(categories) }, (_, i) => i)
        const members = all.filter(() => uniform() < 0.4)
        sets.push({ node, members: members.length > 0 ? members : [below(categories)] })
      } else {
        const condition = randomNumber()
        nodes.condition[node] = condition
        conditions.push(condition)
      }
      // XGBoost finds the right child after the left one
      const left = addNode(node)
      const right = addNode(node)
      nodes.left[node] = left
      nodes.right[node] = right
      grow(left, depth + 1)
      grow(right, depth + 1)
    }
  }
}

/** Rows with values at and beside the conditions, missing ones, and categories that no split has. */
export function randomRows(model: RandomModel, count: number, uniform: () => number): Float32Array {
  const { columns, categorical, conditions } = model
  return Float32Array.from({ length: count * columns }, (_, i) => {
    if (uniform() < 0.15) return Number.NaN
    if (categorical.has(i % columns)) {
      const kind = uniform()
      return kind < 0.9 ? Math.floor(uniform() * 1.3 * categories) : kind < 0.95 ? -1 : 2 ** 24
    }
    const condition = conditions[Math.floor(uniform() * conditions.length)]
    const kind = uniform()
    if (condition === undefined || kind < 0.3) return (uniform() - 0.5) * 4
    if (kind < 0.4) return extremes[Math.floor(uniform() * extremes.length)]!
    return kind < 0.7 ? condition : neighbour(condition, kind < 0.85 ? 1 : -1)
  })
}

const { fround } = Math

/** XGBoost takes a number without an exponent for an integer. The quotes are removed from the document. */
const asFloat = (value: number) => `@${Object.is(value, -0) ? '-' : ''}${value.toExponential()}`

/** The float32 beside a number. */
function neighbour(value: number, step: 1 | -1): number {
  const float = Float32Array.of(value)
  new Int32Array(float.buffer)[0]! += step
  return Number.isFinite(float[0]!) ? float[0]! : value
}
