import { TrainyardError } from '../errors.js'
import type { Session } from '../graph/session.js'
import type { Completeness } from '../spec/explanation.js'
import {
  type ExplanationProgram,
  gradCamSignature,
  gradientSignature,
  predictSignature,
} from './program.js'

/** Memory for one run, by what all tensors of its images take. Large networks are not faster with more. */
const maxRunBytes = 512 * 2 ** 20
const maxRunImages = 64

/** A network that explains: a session on its program. */
export interface ExplainedNetwork {
  session: Session
  program: Pick<ExplanationProgram, 'bytesPerImage'>
  shape: readonly [height: number, width: number, channels: number]
  classes: number
}

export interface Attribution {
  /** [height, width], in units of the logit. */
  map: Float32Array
  completeness: Completeness
}

/** pixels of one image [h, w, c] → logits and probabilities [classes]. */
export function predictImage({ session, shape }: ExplainedNetwork, pixels: Float32Array) {
  const result = session.run(predictSignature, { images: { data: pixels, shape: [1, ...shape] } })
  return { logits: result.floats('logits'), probabilities: result.floats('probabilities') }
}

/** The Grad-CAM of a feature map for a class [h, w], not negative, in units of the logit. */
export function gradCam(
  { session, shape, classes }: ExplainedNetwork,
  pixels: Float32Array,
  target: number,
  featureMap: string,
): Float32Array {
  return session
    .run(gradCamSignature(featureMap), {
      images: { data: pixels, shape: [1, ...shape] },
      targets: { data: oneHot(1, classes, target), shape: [1, classes] },
    })
    .floats('map')
}

/**
 * Integrated gradients of a class's logit along the straight path from `baseline` to `pixels`, both [h, w, c],
 * summed over channels. The integral is approximated by the trapezoidal rule with `steps` intervals.
 */
export function integratedGradients(
  network: ExplainedNetwork,
  pixels: Float32Array,
  baseline: Float32Array,
  target: number,
  steps: number,
): Attribution {
  const { session, program, shape, classes } = network
  const batch = Math.max(1, Math.min(maxRunImages, Math.floor(maxRunBytes / program.bytesPerImage)))
  const size = pixels.length
  const integral = new Float64Array(size)
  const ends = [0, 0]
  for (let first = 0; first <= steps; first += batch) {
    const count = Math.min(batch, steps + 1 - first)
    const data = new Float32Array(count * size)
    for (let i = 0; i < count; i++) {
      const share = (first + i) / steps
      for (let j = 0; j < size; j++) {
        data[i * size + j] = baseline[j]! + share * (pixels[j]! - baseline[j]!)
      }
    }
    const result = session.run(gradientSignature, {
      images: { data, shape: [count, ...shape] },
      targets: { data: oneHot(count, classes, target), shape: [count, classes] },
    })
    const gradient = result.floats('gradient')
    const logits = result.floats('logits')
    for (let i = 0; i < count; i++) {
      const step = first + i
      const isEnd = step === 0 || step === steps
      const weight = (isEnd ? 0.5 : 1) / steps
      for (let j = 0; j < size; j++) integral[j]! += weight * gradient[i * size + j]!
      if (isEnd) ends[step === 0 ? 0 : 1] = logits[i * classes + target]!
    }
  }
  const channels = shape[2]
  const map = new Float32Array(size / channels)
  let sum = 0
  for (let position = 0; position < map.length; position++) {
    let attribution = 0
    for (let j = position * channels; j < (position + 1) * channels; j++) {
      attribution += (pixels[j]! - baseline[j]!) * integral[j]!
    }
    map[position] = attribution
    sum += attribution
  }
  const difference = ends[1]! - ends[0]!
  const gap = sum - difference
  const relativeGap = difference === 0 ? null : Math.abs(gap / difference)
  return { map, completeness: { sum, difference, gap, relativeGap } }
}

/**
 * Divides a map by its largest absolute value, which it returns as `scale`. A map of zeros stays one. Throws
 * NOT_EXPLAINABLE if a value is NaN or infinite.
 */
export function normalizeMap(map: Float32Array): { values: Float32Array; scale: number } {
  const scale = map.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  if (!Number.isFinite(scale)) {
    const message =
      'the gradients of the network are NaN or infinite for this image, so there is no map'
    throw new TrainyardError('NOT_EXPLAINABLE', message)
  }
  return { values: scale === 0 ? map : map.map(value => value / scale), scale }
}

function oneHot(count: number, classes: number, target: number): Float32Array {
  const targets = new Float32Array(count * classes)
  for (let i = 0; i < count; i++) targets[i * classes + target] = 1
  return targets
}
