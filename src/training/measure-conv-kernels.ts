import { effectOutputs } from '../graph/effect-outputs.js'
import { Graph, type Tensor } from '../graph/graph.js'
import { reshape, slice } from '../graph/ops/array.js'
import { conv2d, convFilterGradient, convInputGradient, convOutputSize } from '../graph/ops/conv.js'
import {
  type ConvKernel,
  type ConvKernels,
  type ConvPart,
  type ConvShape,
  choosableParts,
  kernelsByRule,
} from '../graph/ops/conv-kernels.js'
import {
  convProduct,
  filterGradientProduct,
  inputGradientProduct,
} from '../graph/ops/conv-products.js'
import { cast } from '../graph/ops/math.js'
import { randomTruncatedNormal } from '../graph/ops/random.js'
import { assign, variable } from '../graph/ops/state.js'
import { type SavedModelSpec, writeSavedModel } from '../graph/saved-model.js'
import { openSession, type Runtime, type Session } from '../graph/session.js'
import type { Shape } from '../graph/shape.js'

/** The other kernel has to be this much faster than that of the rule, so that noise decides nothing. */
const clearlyFaster = 0.9

/** The runs of each kernel that count, the fewest and the most; the first one, which prepares it, does not. */
const runs = { fewest: 2, most: 5 }
/** A part of a convolution is run no more than the fewest times once this has passed, in milliseconds. */
const enoughMs = 60

/** Measures both kernels of each part of a convolution that has a choice, in a session in `folder`, which is empty. */
export async function measureConvKernels(
  runtime: Runtime,
  shape: ConvShape,
  folder: string,
): Promise<ConvKernels> {
  const graph = new Graph()
  const candidates = kernelGraphs(graph, shape)
  await writeSavedModel(folder, graph, candidates)
  const session = await openSession(runtime, folder)
  try {
    session.run('init')
    const byRule = kernelsByRule(shape)
    const measured = choosableParts(shape).map(part => [
      part,
      fasterKernel(session, part, byRule[part]),
    ])
    return { ...byRule, ...Object.fromEntries(measured) }
  } finally {
    session.close()
  }
}

function fasterKernel(session: Session, part: ConvPart, usual: ConvKernel): ConvKernel {
  const other = usual === 'product' ? 'convolution' : 'product'
  const fastest = { convolution: Number.POSITIVE_INFINITY, product: Number.POSITIVE_INFINITY }
  const started = performance.now()
  for (let run = 0; run <= runs.most; run++) {
    if (run > runs.fewest && performance.now() - started > enoughMs) break
    for (const kernel of [usual, other] as const) {
      const before = performance.now()
      session.run(signatureOf(part, kernel))
      const ms = performance.now() - before
      if (run > 0) fastest[kernel] = Math.min(fastest[kernel], ms)
    }
  }
  return fastest[other] < clearlyFaster * fastest[usual] ? other : usual
}

const signatureOf = (part: ConvPart, kernel: ConvKernel) => `${part}_${kernel}`

/** A signature for each kernel of each part, and `init`, which fills what they read with random numbers. */
function kernelGraphs(graph: Graph, shape: ConvShape): SavedModelSpec {
  const size = convOutputSize(shape.x, shape.filter, shape)
  const random = (name: string, of: Shape, index: number) => {
    const target = variable(graph, name, of, shape.dtype)
    const values = randomTruncatedNormal(graph, of, { seed: 0, index })
    return { value: target.value, fill: assign(target, cast(values, shape.dtype)) }
  }
  const x = random('x', shape.x, 0)
  const filter = random('filter', shape.filter, 1)
  const dy = random('dy', [shape.x[0]!, ...size, shape.filter[3]!], 2)
  const kernels: Record<ConvPart, Record<ConvKernel, () => Tensor>> = {
    forward: {
      convolution: () => conv2d(x.value, filter.value, shape),
      product: () => convProduct(x.value, filter.value, shape),
    },
    inputGradient: {
      convolution: () => convInputGradient(x.value, filter.value, dy.value, shape),
      product: () => inputGradientProduct(x.value, filter.value, dy.value, shape),
    },
    filterGradient: {
      convolution: () => convFilterGradient(x.value, filter.value, dy.value, shape),
      product: () => filterGradientProduct(x.value, filter.value, dy.value, shape),
    },
  }
  const signatures = choosableParts(shape).flatMap(part =>
    (['convolution', 'product'] as const).map(kernel => {
      const first = firstElement(kernels[part][kernel]())
      return [signatureOf(part, kernel), { inputs: {}, outputs: { first } }] as const
    }),
  )
  const filled = effectOutputs(graph, 'filled', [x.fill, filter.fill, dy.fill])
  return {
    signatures: { init: { inputs: {}, outputs: filled }, ...Object.fromEntries(signatures) },
  }
}

/** Nothing else of a result is fetched: copying it would be measured too. */
function firstElement(y: Tensor): Tensor {
  const ones = y.shape.map(() => 1)
  const first = slice(
    y,
    ones.map(() => 0),
    ones,
  )
  return cast(reshape(first, []), 'float32')
}
