import type { Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { compareWith } from './compare.js'
import { scalar } from './constant.js'
import { cast, mul } from './math.js'
import { type RandomKey, randomUniform } from './random.js'

/** Hinton et al. 2012 (arXiv:1207.0580): 0 with probability `rate`, else x / (1 - rate). */
export function dropout(x: Tensor, rate: number, key: RandomKey): Tensor {
  check(
    rate >= 0 && rate < 1,
    `dropout: the rate is ${rate}; give one from 0 up to, not including, 1`,
  )
  if (rate === 0) return x
  const { graph } = x.node
  const kept = compareWith('GreaterEqual', randomUniform(graph, x.shape, key), scalar(graph, rate))
  return mul(x, mul(cast(kept, x.dtype), 1 / (1 - rate)))
}
