// Rounding to 8 bits in float32, by which a graph tells a runtime which integers it may compute with.
import { attr } from '../attr.js'
import type { Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, defineOp } from '../op.js'
import { scalar } from './constant.js'
import { mul, neg } from './math.js'

type FakeQuantInputs = readonly [x: Tensor, min: Tensor, max: Tensor]

export const FakeQuantWithMinMaxVars = defineOp<FakeQuantInputs>({
  type: 'FakeQuantWithMinMaxVars',
  output: 'outputs',
  shape: ([x]) => x.shape,
  attrs: () => ({ num_bits: attr.int(8), narrow_range: attr.bool(false) }),
  gradient: null,
})

/** `narrow_range`: 255 values, from -127 to 127. */
export const FakeQuantWithMinMaxVarsPerChannel = defineOp<FakeQuantInputs>({
  type: 'FakeQuantWithMinMaxVarsPerChannel',
  output: 'outputs',
  shape: ([x]) => x.shape,
  attrs: () => ({ num_bits: attr.int(8), narrow_range: attr.bool(true) }),
  gradient: null,
})

export interface ValueRange {
  readonly min: number
  readonly max: number
}

/** Rounds x to 256 evenly spaced values from `min` to `max`, one of which is 0, and clips it to them. */
export function fakeQuant(x: Tensor, { min, max }: ValueRange): Tensor {
  check(min <= 0 && max >= 0 && min < max, `fakeQuant: 0 is not within ${min} and ${max}`)
  const { graph } = x.node
  return apply(FakeQuantWithMinMaxVars, [x, scalar(graph, min), scalar(graph, max)], {})
}

/** Rounds x [..., channels] to -127 to 127 times the scale [channels] of its channel. */
export function fakeQuantChannels(x: Tensor, scale: Tensor): Tensor {
  const max = mul(scale, 127)
  return apply(FakeQuantWithMinMaxVarsPerChannel, [x, neg(max), max], {})
}

export const Round = defineOp<readonly [x: Tensor]>({
  type: 'Round',
  output: 'y',
  shape: ([x]) => x.shape,
  gradient: null,
})

/** The nearest whole number; a half goes to the even one. */
export const round = (x: Tensor): Tensor => apply(Round, [x], {})
