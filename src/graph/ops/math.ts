import { attr } from '../attr.js'
import { type DType, isFloat } from '../dtype.js'
import type { Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, defineOp, type TypedNode } from '../op.js'
import { broadcastShapes } from '../shape.js'
import { compareWith, select } from './compare.js'
import { scalar } from './constant.js'

type BinaryInputs = readonly [x: Tensor, y: Tensor]
type UnaryInputs = readonly [x: Tensor]

/** A number becomes a constant of the other operand's type. */
export type Operand = Tensor | number

type BinaryGradient = (
  dy: Tensor,
  node: TypedNode<BinaryInputs, object>,
) => readonly [Tensor, Tensor]

const binary = (type: string, gradient: BinaryGradient | null) =>
  defineOp<BinaryInputs>({
    type,
    output: 'z',
    shape: ([x, y]) => broadcastShapes(type, x.shape, y.shape),
    gradient,
  })

const unary = (
  type: string,
  gradient: (dy: Tensor, node: TypedNode<UnaryInputs, object>) => Tensor,
) =>
  defineOp<UnaryInputs>({
    type,
    output: 'y',
    shape: ([x]) => x.shape,
    gradient: (dy, node) => [gradient(dy, node)],
  })

export const AddV2 = binary('AddV2', dy => [dy, dy])
export const Sub = binary('Sub', dy => [dy, neg(dy)])
export const Mul = binary('Mul', (dy, { inputs: [x, y] }) => [mul(dy, y), mul(dy, x)])
export const RealDiv = binary('RealDiv', (dy, { inputs: [, y], output }) => {
  const dx = div(dy, y)
  return [dx, neg(mul(dx, output))]
})
export const Maximum = binary('Maximum', (dy, { inputs: [x, y] }) => {
  const xSelected = compareWith('GreaterEqual', x, y)
  const zeros = mul(dy, 0)
  return [select(xSelected, dy, zeros), select(xSelected, zeros, dy)]
})
export const Minimum = binary('Minimum', (dy, { inputs: [x, y] }) => {
  const xSelected = compareWith('LessEqual', x, y)
  const zeros = mul(dy, 0)
  return [select(xSelected, dy, zeros), select(xSelected, zeros, dy)]
})
export const FloorDiv = binary('FloorDiv', null)
export const FloorMod = binary('FloorMod', null)

export const Neg = unary('Neg', dy => neg(dy))
export const Square = unary('Square', (dy, { inputs: [x] }) => mul(dy, mul(x, 2)))
export const Sqrt = unary('Sqrt', (dy, { output }) => div(mul(dy, 0.5), output))
export const Exp = unary('Exp', (dy, { output }) => mul(dy, output))
export const Log = unary('Log', (dy, { inputs: [x] }) => div(dy, x))
export const Tanh = unary('Tanh', (dy, { output }) => mul(dy, sub(1, square(output))))
export const Sigmoid = unary('Sigmoid', (dy, { output }) => mul(dy, mul(output, sub(1, output))))
export const Cos = unary('Cos', (dy, { inputs: [x] }) => neg(mul(dy, sin(x))))
export const Sin = unary('Sin', (dy, { inputs: [x] }) => mul(dy, cos(x)))

export const add = (x: Operand, y: Operand): Tensor => apply(AddV2, operandTensors('add', x, y), {})
export const sub = (x: Operand, y: Operand): Tensor => apply(Sub, operandTensors('sub', x, y), {})
export const mul = (x: Operand, y: Operand): Tensor => apply(Mul, operandTensors('mul', x, y), {})
export const div = (x: Operand, y: Operand): Tensor =>
  apply(RealDiv, operandTensors('div', x, y), {})
export const maximum = (x: Operand, y: Operand): Tensor =>
  apply(Maximum, operandTensors('maximum', x, y), {})
export const minimum = (x: Operand, y: Operand): Tensor =>
  apply(Minimum, operandTensors('minimum', x, y), {})
export const floorDiv = (x: Operand, y: Operand): Tensor =>
  apply(FloorDiv, operandTensors('floorDiv', x, y), {})
export const floorMod = (x: Operand, y: Operand): Tensor =>
  apply(FloorMod, operandTensors('floorMod', x, y), {})
export const neg = (x: Tensor): Tensor => apply(Neg, [x], {})
export const square = (x: Tensor): Tensor => apply(Square, [x], {})
export const sqrt = (x: Tensor): Tensor => apply(Sqrt, [x], {})
export const exp = (x: Tensor): Tensor => apply(Exp, [x], {})
export const log = (x: Tensor): Tensor => apply(Log, [x], {})
export const tanh = (x: Tensor): Tensor => apply(Tanh, [x], {})
export const sigmoid = (x: Tensor): Tensor => apply(Sigmoid, [x], {})
export const cos = (x: Tensor): Tensor => apply(Cos, [x], {})
export const sin = (x: Tensor): Tensor => apply(Sin, [x], {})

export const Cast = defineOp<UnaryInputs, { to: DType }>({
  type: 'Cast',
  output: 'y',
  shape: ([x]) => x.shape,
  dtype: (_, { to }) => to,
  attrs: ([x], { to }) => ({ SrcT: attr.type(x.dtype), DstT: attr.type(to) }),
  gradient: (dy, { inputs: [x], attrs: { to } }) => [
    isFloat(x.dtype) && isFloat(to) ? cast(dy, x.dtype) : null,
  ],
})

export const cast = (x: Tensor, to: DType): Tensor =>
  x.dtype === to ? x : apply(Cast, [x], { to })

export const AddN = defineOp<readonly Tensor[]>({
  type: 'AddN',
  output: 'sum',
  shape: ([first]) => first!.shape,
  attrs: tensors => ({ N: attr.int(tensors.length), T: attr.type(tensors[0]!.dtype) }),
  gradient: (dy, { inputs }) => inputs.map(() => dy),
})

/** The sum of tensors of equal shape. */
export function addN(tensors: readonly Tensor[]): Tensor {
  const [first, ...others] = tensors
  if (others.length === 0) return first!
  // AddN begins with a tensor whose memory it may take, which of three or more is not always the same one
  if (first!.node.graph.keepsSums && others.length > 1) return others.reduce(add, first!)
  return apply(AddN, tensors, {})
}

export const L2Loss = defineOp<UnaryInputs>({
  type: 'L2Loss',
  output: 'output',
  shape: () => [],
  gradient: (dy, { inputs: [x] }) => [mul(dy, x)],
})

/** Half the sum of squares, a scalar. */
export const l2Loss = (x: Tensor): Tensor => apply(L2Loss, [x], {})

export function operandTensors(opName: string, x: Operand, y: Operand): BinaryInputs {
  if (typeof x === 'number') {
    check(typeof y !== 'number', `${opName}: one operand must be a tensor`)
    return [scalarLike(y, x), y]
  }
  if (typeof y === 'number') return [x, scalarLike(x, y)]
  check(x.dtype === y.dtype, `${opName}: ${x.dtype} and ${y.dtype} differ; cast one of them`)
  return [x, y]
}

/** Half-precision constants are casts of float32 constants, which TensorFlow folds. */
function scalarLike({ node, dtype }: Tensor, value: number): Tensor {
  const half = isFloat(dtype) && dtype !== 'float32'
  return half ? cast(scalar(node.graph, value), dtype) : scalar(node.graph, value, dtype)
}
