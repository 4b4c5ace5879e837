// Networks with weights that a formula gives, in a session that explains.

import type { ExplainedNetwork } from '../../src/explanations/explain.js'
import { buildExplanationProgram } from '../../src/explanations/program.js'
import { constant, scalar } from '../../src/graph/ops/constant.js'
import { identity } from '../../src/graph/ops/control.js'
import { assign } from '../../src/graph/ops/state.js'
import { sizeOf } from '../../src/graph/shape.js'
import type { ServedNetwork } from '../../src/training/serving.js'
import type { CleanupScope } from '../../testing/temp-folder.js'
import { openGraphSession } from '../graph/tensorflow.js'

export const wave = (count: number, phase: number, scale: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * i * 0.37 + phase) * scale)

/** Pixels of one image, whole numbers from 1 to 255. */
export const wavePixels = (count: number) =>
  wave(count, 0.2, 127).map(value => Math.round(value + 128))

/** The weights are those of reference/make_reference.py. */
export async function openExplained(scope: CleanupScope, network: ServedNetwork) {
  const program = buildExplanationProgram(network)
  const { graph, variables = [] } = program
  const assigned = variables.map((target, i) => {
    const { name, shape } = target
    const fan = shape.length > 1 ? sizeOf(shape.slice(0, -1)) : 4
    const values = wave(sizeOf(shape), i * 0.7, 1.5 / Math.sqrt(fan))
    const positive = /gamma|moving_variance/.test(name)
    const initial = positive ? values.map(value => value * 0.5 + 1) : values
    return assign(target, constant(graph, initial, { shape }))
  })
  const session = await openGraphSession(scope, graph, {
    set: {
      inputs: {},
      outputs: { done: identity(scalar(graph, 1), { controlInputs: assigned }) },
    },
    ...program.signatures,
  })
  session.run('set')
  const { height, width, channels } = network.images
  const explained: ExplainedNetwork = {
    session,
    program,
    shape: [height, width, channels],
    classes: network.classes,
  }
  return { explained, program }
}
