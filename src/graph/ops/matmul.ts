import { attr } from '../attr.js'
import type { Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, defineOp } from '../op.js'
import { rank2 } from '../shape.js'

interface MatMulAttrs {
  transposeA?: boolean
  transposeB?: boolean
}

export const MatMul = defineOp<readonly [a: Tensor, b: Tensor], MatMulAttrs>({
  type: 'MatMul',
  output: 'product',
  shape([a, b], { transposeA, transposeB }) {
    const [aRows, aColumns] = rank2('matMul: the first matrix', a.shape)
    const [bRows, bColumns] = rank2('matMul: the second matrix', b.shape)
    const [rows, inner] = transposeA ? [aColumns, aRows] : [aRows, aColumns]
    const [expected, columns] = transposeB ? [bColumns, bRows] : [bRows, bColumns]
    check(
      inner === expected || inner < 0 || expected < 0,
      `matMul: the first matrix has ${inner} columns, the second ${expected} rows`,
    )
    return [rows, columns]
  },
  attrs: ([a], { transposeA = false, transposeB = false }) => ({
    T: attr.type(a.dtype),
    transpose_a: attr.bool(transposeA),
    transpose_b: attr.bool(transposeB),
  }),
  gradient: (dy, { inputs: [a, b], attrs: { transposeA = false, transposeB = false } }) => [
    transposeA
      ? matMul(b, dy, { transposeA: transposeB, transposeB: true })
      : matMul(dy, b, { transposeB: !transposeB }),
    transposeB
      ? matMul(dy, a, { transposeA: true, transposeB: transposeA })
      : matMul(a, dy, { transposeA: !transposeA }),
  ],
})

/** a [n, k] with b [k, m] → [n, m]. */
export const matMul = (a: Tensor, b: Tensor, attrs: MatMulAttrs = {}): Tensor =>
  apply(MatMul, [a, b], attrs)

export const BiasAddGrad = defineOp<readonly [dy: Tensor]>({
  type: 'BiasAddGrad',
  output: 'output',
  shape: ([dy]) => dy.shape.slice(-1),
  gradient: null,
})

export const BiasAdd = defineOp<readonly [x: Tensor, bias: Tensor]>({
  type: 'BiasAdd',
  output: 'output',
  shape([x, bias]) {
    check(
      bias.shape.length === 1 && bias.shape[0] === x.shape.at(-1),
      `biasAdd: input has ${x.shape.at(-1)} channels, the bias ${bias.shape.join(' x ')}`,
    )
    return x.shape
  },
  gradient: dy => [dy, apply(BiasAddGrad, [dy], {})],
})

/** x [..., channels] plus bias [channels]. */
export const biasAdd = (x: Tensor, bias: Tensor): Tensor => apply(BiasAdd, [x, bias], {})
