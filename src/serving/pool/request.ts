import type { BatchPart, ImageShape, ImagesInput, Probabilities } from '../../spec/ipc-messages.js'
import type { NetworkModel } from '../../spec/model.js'
import type { ServedPrecision } from '../../spec/serving-options.js'
import type { Slice, Task } from './model-queue.js'

/** A version of a network, as the pool loads it. */
export interface ServedModel {
  name: string
  version: number
  /** Folder of its SavedModel; the content never changes. */
  folder: string
  image: ImageShape
  precision: ServedPrecision
}

export const servedModel = (
  { name, version, precision, input: { height, width, channels } }: NetworkModel,
  folder: string,
): ServedModel => ({
  name,
  version,
  folder,
  image: [height, width, channels],
  precision: precision?.served ?? 'fp32',
})

export interface PredictOptions {
  /** Drops the request, unless it runs already. */
  signal?: AbortSignal
  /** When an answer is of no more use, in the time of `performance.now()`. */
  deadline?: number
  /** Of the requests for a model, those with a higher number run first. Default: 0. */
  priority?: number
}

export const countImages = (input: ImagesInput): number =>
  input.kind === 'pixels' ? input.shape[0] : input.files.length

/** A request for predictions while the pool has it. */
export class PoolRequest implements Task {
  readonly images: number
  readonly priority: number
  readonly arrivedAt = performance.now()
  alone = false
  /** How often a process has ended while it ran. */
  crashes = 0
  /** Whether the first of its images has run. */
  started = false
  settled = false
  private answered = 0
  private answer: Probabilities | null = null

  constructor(
    readonly model: ServedModel,
    readonly input: ImagesInput,
    { priority = 0 }: PredictOptions,
  ) {
    this.images = countImages(input)
    this.priority = priority
  }

  /** Adds the answer for some images. Returns the whole answer after the last of them. */
  fill({ first, count }: Slice<PoolRequest>, output: Probabilities): Probabilities | null {
    if (count === this.images) return output
    const { classes, features } = output
    const width = (features?.length ?? 0) / count
    this.answer ??= {
      classes,
      logits: new Float32Array(this.images * classes),
      probabilities: new Float32Array(this.images * classes),
      ...(features && { features: new Float32Array(this.images * width) }),
    }
    this.answer.logits.set(output.logits, first * classes)
    this.answer.probabilities.set(output.probabilities, first * classes)
    if (features) this.answer.features?.set(features, first * width)
    this.answered += count
    return this.answered === this.images ? this.answer : null
  }
}

/** What the process gets of a request. */
export function partOf({ task: { input, images }, first, count }: Slice<PoolRequest>): BatchPart {
  if (count === images) return { input, first }
  if (input.kind === 'images') {
    return { input: { kind: 'images', files: input.files.slice(first, first + count) }, first }
  }
  const [, h, w, c] = input.shape
  const size = h * w * c
  const data = input.data.subarray(first * size, (first + count) * size)
  return { input: { kind: 'pixels', data, shape: [count, h, w, c] }, first }
}
