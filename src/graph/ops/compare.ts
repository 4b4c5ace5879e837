import { attr } from '../attr.js'
import type { Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, defineOp } from '../op.js'
import { broadcastShapes } from '../shape.js'
import { zerosLike } from './constant.js'

const comparison = (type: string) =>
  defineOp<readonly [x: Tensor, y: Tensor]>({
    type,
    output: 'z',
    shape: ([x, y]) => broadcastShapes(type, x.shape, y.shape),
    dtype: () => 'bool',
    gradient: null,
  })

export const Equal = comparison('Equal')
export const NotEqual = comparison('NotEqual')
export const Less = comparison('Less')
export const LessEqual = comparison('LessEqual')
export const Greater = comparison('Greater')
export const GreaterEqual = comparison('GreaterEqual')

const comparisons = { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual }

export function compareWith(type: keyof typeof comparisons, x: Tensor, y: Tensor): Tensor {
  check(x.dtype === y.dtype, `${type}: ${x.dtype} and ${y.dtype} differ; cast one of them`)
  return apply(comparisons[type], [x, y], {})
}

export const equal = (x: Tensor, y: Tensor): Tensor => compareWith('Equal', x, y)

export const IsFinite = defineOp<readonly [x: Tensor]>({
  type: 'IsFinite',
  output: 'y',
  shape: ([x]) => x.shape,
  dtype: () => 'bool',
  gradient: null,
})

/** False where `x` is NaN or infinite. */
export const finiteMask = (x: Tensor): Tensor => apply(IsFinite, [x], {})

type SelectInputs = readonly [condition: Tensor, whenTrue: Tensor, whenFalse: Tensor]

export const SelectV2 = defineOp<SelectInputs>({
  type: 'SelectV2',
  output: 'output',
  shape: ([condition, a, b]) =>
    broadcastShapes('select', condition.shape, broadcastShapes('select', a.shape, b.shape)),
  dtype: ([, a]) => a.dtype,
  attrs: ([, a]) => ({ T: attr.type(a.dtype) }),
  gradient: (dy, { inputs: [condition] }) => {
    const zeros = zerosLike(dy)
    return [null, select(condition, dy, zeros), select(condition, zeros, dy)]
  },
})

export function select(condition: Tensor, whenTrue: Tensor, whenFalse: Tensor): Tensor {
  check(condition.dtype === 'bool', `select: the condition is ${condition.dtype}, not bool`)
  check(
    whenTrue.dtype === whenFalse.dtype,
    `select: ${whenTrue.dtype} and ${whenFalse.dtype} differ; cast one of them`,
  )
  return apply(SelectV2, [condition, whenTrue, whenFalse], {})
}
