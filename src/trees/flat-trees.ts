import { links } from './links.js'
import type { Numbers } from './ubjson.js'
import { type TreeTable, UnsupportedModel, type XgboostModel } from './xgboost-model.js'

/**
 * A node has four words: its slot and kind, a condition, the position of its left child, a value. The right child
 * follows the left one. A leaf is its own left child, and its condition is NaN, so that a walk stays in it.
 */
export const nodeWords = 4
/** Of the first word. The other bits are twice the column, plus 1 if a missing value goes right. */
export const isLeaf = 1 << 31
export const isCategorical = 1 << 30
const maxColumns = 2 ** 28
/** XGBoost's categories are below it. */
export const maxCategory = 2 ** 24
/** Trees that are walked at the same time, see `tree-walker.ts`. */
export const groupTrees = 4

export interface FlatTrees {
  columns: number
  outputs: number
  objective: string
  /** The margin before the first tree, for each output. */
  baseMargins: Float32Array
  /** The position of each tree's root, and the output to which the tree is added. */
  roots: Int32Array
  treeOutputs: Int32Array
  /** 1 if neither the tree nor the next `groupTrees` - 1 split by category. */
  startsGroup: Uint8Array
  /** The nodes, and the same memory as numbers. The condition of a split by category is a position in `categories`. */
  nodes: Int32Array
  floats: Float32Array
  /** Sets of categories that go right: the number of words, then 32 categories in each. */
  categories: Int32Array
  /** The most comparisons that a row takes. */
  depth: number
}

/** The memory that the trees take. */
export const bytesOf = ({
  nodes,
  categories,
  roots,
  treeOutputs,
  startsGroup,
}: FlatTrees): number =>
  [nodes, categories, roots, treeOutputs, startsGroup].reduce(
    (sum, list) => sum + list.byteLength,
    0,
  )

/**
 * Lays the trees out in one array. Yields after each tree, so that a caller can do it in parts. Throws
 * UnsupportedModel for an objective that is not trained here.
 */
export function* flattenTrees(model: XgboostModel): Generator<undefined, FlatTrees> {
  const link = links[model.objective]
  if (!link) throw new UnsupportedModel(`the objective is ${model.objective}`)
  if (model.columns > maxColumns) throw new UnsupportedModel(`it has ${model.columns} columns`)
  const nodes = new Int32Array(nodeWords * model.trees.reduce((sum, tree) => sum + tree.nodes, 0))
  const floats = new Float32Array(nodes.buffer)
  const layout: Layout = { nodes, floats, categories: [], end: 0 }
  const roots = new Int32Array(model.trees.length)
  const arePlain: boolean[] = []
  let depth = 0
  for (const [i, stored] of model.trees.entries()) {
    const tree = stored.read()
    roots[i] = layout.end
    arePlain.push(tree.categories.size === 0)
    depth += appendTree(layout, tree, model.columns)
    yield
  }
  const treeOutputs = Int32Array.from(model.treeOutputs)
  if (treeOutputs.length !== roots.length || treeOutputs.some(i => !(i >= 0 && i < model.outputs)))
    throw new RangeError('a tree belongs to no output of the model')
  return {
    columns: model.columns,
    outputs: model.outputs,
    objective: model.objective,
    baseMargins: Float32Array.from(model.baseScores, link.toMargin),
    roots,
    treeOutputs,
    startsGroup: startsOfGroups(arePlain),
    nodes,
    floats,
    categories: Int32Array.from(layout.categories),
    depth,
  }
}

function startsOfGroups(arePlain: readonly boolean[]): Uint8Array {
  const starts = new Uint8Array(arePlain.length)
  let plainTrees = 0
  for (let i = arePlain.length - 1; i >= 0; i--) {
    plainTrees = arePlain[i] ? plainTrees + 1 : 0
    starts[i] = plainTrees >= groupTrees ? 1 : 0
  }
  return starts
}

interface Layout {
  nodes: Int32Array
  floats: Float32Array
  categories: number[]
  /** The end of the nodes so far. */
  end: number
}

/** Appends the nodes that can be reached, level by level, and returns the number of levels below the root. */
function appendTree(layout: Layout, tree: TreeTable, columns: number): number {
  const { nodes, floats } = layout
  const limit = layout.end + nodeWords * tree.left.length
  const take = (count: number): number => {
    const position = layout.end
    layout.end += count * nodeWords
    // of a graph with a cycle, there is no end
    if (layout.end > limit) throw new RangeError('a node of a tree has several parents')
    return position
  }
  let level = [0]
  let positions = [take(1)]
  for (let depth = 0; ; depth++) {
    const below: number[] = []
    const positionsBelow: number[] = []
    for (const [i, node] of level.entries()) {
      const position = positions[i]!
      const left = tree.left[node]
      if (left === undefined) throw new RangeError(`there is no node ${node} in a tree`)
      if (left < 0) {
        nodes[position] = isLeaf
        floats[position + 1] = Number.NaN
        nodes[position + 2] = position
        floats[position + 3] = tree.condition[node]! * tree.weight
        continue
      }
      appendSplit(layout, position, tree, node, columns)
      const children = take(2)
      nodes[position + 2] = children
      below.push(left, left + 1)
      positionsBelow.push(children, children + nodeWords)
    }
    if (below.length === 0) return depth
    level = below
    positions = positionsBelow
  }
}

function appendSplit(
  { nodes, floats, categories }: Layout,
  position: number,
  tree: TreeTable,
  node: number,
  columns: number,
): void {
  const column = tree.column[node]!
  if (!(column >= 0 && column < columns)) throw new RangeError(`there is no column ${column}`)
  const slot = 2 * column + (tree.defaultLeft[node]! === 0 ? 1 : 0)
  const set = tree.categories.get(node)
  if (set) {
    nodes[position] = slot | isCategorical
    nodes[position + 1] = appendCategories(categories, set)
    return
  }
  const condition = tree.condition[node]!
  if (!(condition > Number.NEGATIVE_INFINITY))
    throw new UnsupportedModel(`a column is compared with ${condition}`)
  nodes[position] = slot
  floats[position + 1] = condition
}

function appendCategories(all: number[], categories: Numbers): number {
  let largest = 0
  for (const category of categories) {
    if (!(category >= 0 && category < maxCategory))
      throw new RangeError(`a category is ${category}`)
    largest = Math.max(largest, category)
  }
  const position = all.length
  const words = new Int32Array((largest >> 5) + 1)
  for (const category of categories) words[category >> 5]! |= 1 << (category & 31)
  all.push(words.length)
  for (const word of words) all.push(word)
  return position
}
