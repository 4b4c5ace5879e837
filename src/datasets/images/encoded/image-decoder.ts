import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadTensorFlow } from '../../../engine/tensorflow.js'
import { toOneLine } from '../../../errors.js'
import { Graph } from '../../../graph/graph.js'
import { placeholder } from '../../../graph/ops/constant.js'
import { decodeImage } from '../../../graph/ops/image.js'
import { cast } from '../../../graph/ops/math.js'
import { type Signature, writeSavedModel } from '../../../graph/saved-model.js'
import { openSession, type Session } from '../../../graph/session.js'
import { SessionError } from '../../../graph/values.js'
import type { ImageError } from '../image-error.js'
import type { ImageShape } from '../image-source.js'
import { explainDamage, findDamage } from './damage.js'
import { readEncodedHeader } from './encoded-image.js'

/** Images that TensorFlow decodes in parallel. */
const parallelImages = 8
/** Values of one parallel run; each takes five bytes. */
const maxParallelValues = 2 ** 24

/**
 * Decodes PNG and JPEG by TensorFlow, as the training graph does. Loading it blocks for about a second, so
 * import this file only where it is needed.
 */
export class ImageDecoder {
  /** The most images that one call should get. */
  readonly batchSize: number

  static async open({ height, width, channels }: ImageShape): Promise<ImageDecoder> {
    const batchSize =
      height * width * channels * parallelImages > maxParallelValues ? 1 : parallelImages
    const graph = new Graph()
    const signature = (count: number, prefix: string): Signature => {
      const files = Array.from({ length: count }, (_, i) =>
        placeholder(graph, `${prefix}${i}`, 'string'),
      )
      return {
        inputs: Object.fromEntries(files.map((file, i) => [`file${i}`, file])),
        // the Node binding passes no uint8
        outputs: Object.fromEntries(
          files.map((file, i) => [`pixels${i}`, cast(decodeImage(file, channels), 'int32')]),
        ),
      }
    }
    const signatures = { one: signature(1, 'one'), batch: signature(batchSize, 'batch') }
    const folder = await mkdtemp(join(tmpdir(), 'trainyard-decoder-'))
    try {
      await writeSavedModel(folder, graph, { signatures })
      const session = await openSession(loadTensorFlow(), folder)
      return new ImageDecoder(session, batchSize)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  private constructor(
    private readonly session: Session,
    batchSize: number,
  ) {
    this.batchSize = batchSize
  }

  /**
   * Returns the pixels of each image, or the ImageError that says what is wrong with it. An image that
   * is cut off, or has less data than its header says, is an error even if TensorFlow fills it with grey.
   */
  decode(images: readonly Uint8Array[]): (Int32Array | ImageError)[] {
    const problems = images.map(findDamage)
    const isWhole = problems.every(problem => problem === null)
    if (isWhole && images.length === this.batchSize) {
      const batch = this.tryRun('batch', images)
      if (!(batch instanceof SessionError)) return batch
    }
    return images.map((image, i) => problems[i] ?? this.decodeOne(image))
  }

  private decodeOne(image: Uint8Array): Int32Array | ImageError {
    const found = this.tryRun('one', [image])
    if (!(found instanceof SessionError)) return found[0]!
    const { format } = readEncodedHeader(image)
    return explainDamage(image, format, toOneLine(found.message, 200))
  }

  private tryRun(signature: string, images: readonly Uint8Array[]): Int32Array[] | SessionError {
    try {
      const feeds = Object.fromEntries(images.map((image, i) => [`file${i}`, image]))
      const result = this.session.run(signature, feeds)
      return images.map((_, i) => result.ints(`pixels${i}`))
    } catch (error) {
      if (error instanceof SessionError) return error
      throw error
    }
  }
}
