import { encodeError } from '../../src/ipc/wire-error.js'
import type { ImageBatch, LoadedNetwork } from '../../src/runtimes/network.js'
import { batchSizes, paddedSize } from '../../src/spec/batch-sizes.js'
import type {
  BatchAnswer,
  BatchPart,
  ImageShape,
  LoadedModel,
} from '../../src/spec/ipc-messages.js'
import { imageFeatures } from '../../src/watching/image-features.js'
import type { Decoder } from './decoder.js'

/** Pixels of a part's images, or why it has none. */
type PreparedPart = Float32Array | Error

/** The images of a batch, ready to run. */
export interface PreparedBatch {
  parts: PreparedPart[]
  /** Null if no part has any. */
  batch: ImageBatch | null
  decodeMs: number
}

/** How long sizes are tried before the first request runs. */
const warmUpMs = 300
/** A size whose run takes longer is not tried: its own first run is little slower. */
const maxWarmRunMs = 100

/** A network with its decoder. */
export class ServedNetwork {
  constructor(
    private readonly network: LoadedNetwork,
    private readonly decoder: Decoder,
    private readonly image: ImageShape,
  ) {}

  /** Runs the smallest size, whose first run prepares the network, and others as far as time allows. */
  async warmUp(): Promise<LoadedModel['times']> {
    const times: LoadedModel['times'] = []
    await this.time(1)
    const since = performance.now()
    for (const size of batchSizes) {
      const last = times.at(-1)
      const isSlow = last && last.ms * (size / last.size) > maxWarmRunMs
      if (isSlow || (last && performance.now() - since > warmUpMs)) break
      if (size > 1) await this.time(size)
      times.push({ size, ms: await this.time(size) })
    }
    return times
  }

  prepare(parts: readonly BatchPart[], size: number): PreparedBatch {
    const since = performance.now()
    const prepared = this.pixelsOf(parts)
    const values = prepared.reduce(
      (sum, part) => sum + (part instanceof Error ? 0 : part.length),
      0,
    )
    const images = values / this.values
    // damaged files leave room: the batch may be smaller than it was planned
    const fitting = this.anySize ? images : Math.min(size, paddedSize(images))
    const batch = images === 0 ? null : this.pad(prepared, fitting)
    return { parts: prepared, batch, decodeMs: performance.now() - since }
  }

  async run({ parts, batch, decodeMs }: PreparedBatch): Promise<BatchAnswer> {
    if (!batch) {
      return { parts: parts.map(failed), decodeMs, runMs: 0, outputMs: 0, size: 0 }
    }
    const since = performance.now()
    const { logits, probabilities, classes } = await this.network.run(batch)
    const ran = performance.now()
    let from = 0
    const answers = parts.map(part => {
      if (part instanceof Error) return failed(part)
      const to = from + (part.length / this.values) * classes
      const output = {
        classes,
        logits: logits.subarray(from, to),
        probabilities: probabilities.subarray(from, to),
        features: imageFeatures(part, this.image),
      }
      from = to
      return { output }
    })
    const outputMs = performance.now() - ran
    return { parts: answers, decodeMs, runMs: ran - since, outputMs, size: batch.shape[0] }
  }

  get serving(): LoadedModel['serving'] {
    const { runtime, precision, reason, isFallback } = this.network
    return { runtime, precision, reason, isFallback }
  }

  /** TensorFlow's kernels are prepared again for each size. */
  private get anySize(): boolean {
    return this.network.runtime === 'openvino'
  }

  close(): void {
    this.network.close()
    this.decoder.close()
  }

  private get values(): number {
    const [height, width, channels] = this.image
    return height * width * channels
  }

  private async time(size: number): Promise<number> {
    const since = performance.now()
    await this.network.run({
      data: new Float32Array(size * this.values),
      shape: [size, ...this.image],
    })
    return performance.now() - since
  }

  /** A part whose files are not all sound has no pixels: its request fails. */
  private pixelsOf(parts: readonly BatchPart[]): PreparedPart[] {
    const files = parts.flatMap(({ input, first }) =>
      input.kind === 'images'
        ? input.files.map((contents, i) => ({ contents, position: first + i }))
        : [],
    )
    const decoded = this.decoder.decode(files)
    let from = 0
    return parts.map(({ input }) => {
      if (input.kind === 'pixels') return input.data
      const own = decoded.slice(from, from + input.files.length)
      from += own.length
      return own.find(each => each instanceof Error) ?? joined(own as Float32Array[])
    })
  }

  private pad(parts: readonly PreparedPart[], size: number): ImageBatch {
    const shape = [size, ...this.image] as const
    const sound = parts.flatMap(part => (part instanceof Error ? [] : [part]))
    const adjacent = asOne(sound, size * this.values)
    if (adjacent) return { data: adjacent, shape }
    const data = new Float32Array(size * this.values)
    let offset = 0
    for (const part of sound) {
      data.set(part, offset)
      offset += part.length
    }
    return { data, shape }
  }
}

const failed = (part: PreparedPart) => ({ error: encodeError(part) })

/** Arrays that follow each other in memory, as files that were decoded together do: nothing is copied. */
function asOne(arrays: readonly Float32Array[], length: number): Float32Array | null {
  const { buffer, byteOffset } = arrays[0]!
  let end = byteOffset
  for (const array of arrays) {
    if (array.buffer !== buffer || array.byteOffset !== end) return null
    end += array.byteLength
  }
  const one = new Float32Array(buffer, byteOffset, (end - byteOffset) / 4)
  return one.length === length ? one : null
}

function joined(arrays: readonly Float32Array[]): Float32Array {
  const [only] = arrays
  if (arrays.length === 1) return only!
  const whole = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const array of arrays) {
    whole.set(array, offset)
    offset += array.length
  }
  return whole
}
