// The document of a model of XGBoost: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html
import type { NumberList, Numbers, UbjsonValue } from './ubjson.js'

/** What a prediction needs of a tree; each list has an item for each node. */
export interface TreeTable {
  /** The left child, after which the right one comes; negative for a leaf. */
  left: Numbers
  column: Numbers
  /** The value of a leaf; else what a column is compared with. */
  condition: Numbers
  /** 1 if a missing value goes left. */
  defaultLeft: Numbers
  /** Categories that go right, by node, of splits by category. */
  categories: ReadonlyMap<number, Numbers>
  /** Factor of the values of its leaves. */
  weight: number
}

/** A tree of the document, whose lists are read when they are needed. */
export interface StoredTree {
  /** The number of its nodes. */
  nodes: number
  read(): TreeTable
}

export interface XgboostModel {
  objective: string
  columns: number
  /** Numbers that the model predicts for a row. */
  outputs: number
  /** As a prediction, for each output. */
  baseScores: number[]
  trees: StoredTree[]
  /** The output to which each tree is added. */
  treeOutputs: Numbers
}

/** A model that only XGBoost itself predicts with. */
export class UnsupportedModel extends Error {
  override name = 'UnsupportedModel'
}

type Fields = { [key: string]: UbjsonValue }

/** Throws UnsupportedModel for boosters other than trees with one output each. Rows have categories as codes. */
export function readXgboostModel(document: UbjsonValue): XgboostModel {
  const learner = fieldsOf(fieldsOf(document).learner)
  const booster = fieldsOf(learner.gradient_booster)
  if (booster.name !== 'gbtree') throw new UnsupportedModel(`the booster is ${booster.name}`)
  const model = fieldsOf(booster.model)
  const parameters = fieldsOf(learner.learner_model_param)
  const outputs = Math.max(1, integer(parameters.num_class), integer(parameters.num_target))
  const { trees } = model
  // of DART, which does not count each tree in full
  const weights = model.weight_drop === undefined ? null : numbers(model.weight_drop)
  if (!Array.isArray(trees)) throw new TypeError('the model has no trees')
  return {
    objective: String(fieldsOf(learner.objective).name),
    columns: integer(parameters.num_feature),
    outputs,
    baseScores: baseScoresOf(String(parameters.base_score), outputs),
    trees: trees.map((tree, i) => storedTree(fieldsOf(tree), weights?.[i] ?? 1)),
    treeOutputs: numbers(model.tree_info),
  }
}

function storedTree(tree: Fields, weight: number): StoredTree {
  if (integer(fieldsOf(tree.tree_param).size_leaf_vector) > 1)
    throw new UnsupportedModel('a leaf has several values')
  const left = tree.left_children
  if (!isNumberList(left)) throw new TypeError('a tree of the model has no nodes')
  return {
    nodes: left.length,
    read: () => ({
      left: left.numbers(),
      column: numbers(tree.split_indices),
      condition: numbers(tree.split_conditions),
      defaultLeft: numbers(tree.default_left),
      categories: readCategories(tree),
      weight,
    }),
  }
}

function readCategories(tree: Fields): Map<number, Numbers> {
  const nodes = numbers(tree.categories_nodes)
  if (nodes.length === 0) return new Map()
  const [all, starts, sizes] = [
    numbers(tree.categories),
    numbers(tree.categories_segments),
    numbers(tree.categories_sizes),
  ]
  return new Map(
    Array.from(nodes, (node, i) => [node, all.subarray(starts[i]!, starts[i]! + sizes[i]!)]),
  )
}

/** `[1.5E0,2E0]`, or one number for all outputs as older models have it. */
function baseScoresOf(text: string, outputs: number): number[] {
  const scores = text.replaceAll(/[[\]]/g, '').split(',').map(Number).map(Math.fround)
  if (scores.some(Number.isNaN)) throw new TypeError(`the base score is ${JSON.stringify(text)}`)
  if (scores.length === outputs) return scores
  if (scores.length === 1) return new Array(outputs).fill(scores[0])
  throw new TypeError(`there are ${scores.length} base scores for ${outputs} outputs`)
}

function fieldsOf(value: UbjsonValue | undefined): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !isNumberList(value))
    return value
  throw new TypeError('an object of the model is missing')
}

function numbers(value: UbjsonValue | undefined): Numbers {
  if (isNumberList(value)) return value.numbers()
  if (Array.isArray(value)) return Float64Array.from(value, Number)
  throw new TypeError('a list of numbers of the model is missing')
}

const isNumberList = (value: UbjsonValue | undefined): value is NumberList =>
  typeof value === 'object' && value !== null && 'numbers' in value

function integer(value: UbjsonValue | undefined): number {
  const found = Number(value)
  if (Number.isSafeInteger(found)) return found
  throw new TypeError(`${JSON.stringify(value)} is no integer of the model`)
}
