import { toOneLine } from '../../../errors.js'
import { SessionError } from '../../../graph/values.js'
import { explainDamage, findDamage } from '../encoded/damage.js'
import { graphContents } from '../encoded/graph-input.js'
import type { ImageError } from '../image-error.js'
import {
  ImagePipeline,
  maxChunkImages,
  type PipelineInput,
  type PipelineOutput,
} from './image-pipeline.js'
import type { ImagePlan } from './image-plan.js'
import type { StagedImages } from './staged-images.js'

/** Bytes of files, bytes of results and pixels of one chunk. Two chunks are under way at a time. */
const maxChunkBytes = 4 * 2 ** 20
const maxChunkPixels = 2 ** 24

export interface DecodedImage {
  /** The number of the staged image. */
  index: number
  /** Of the shape of the set. Valid until the next image. */
  pixels: Uint8Array
  /** What is stored: the pixels, or a PNG or JPEG file. */
  stored: Uint8Array
}

export interface DamagedImage {
  index: number
  error: ImageError
}

/** The images in an order, each as it is stored, or what is wrong with it. */
export async function* decodeImages(
  staged: StagedImages,
  order: Uint32Array,
  plan: ImagePlan,
  scratch: string,
): AsyncGenerator<DecodedImage | DamagedImage, void> {
  const isStored = !plan.resize && staged.every(index => staged.format(index) === null)
  if (isStored) {
    for (const index of order) {
      const pixels = staged.content(index)
      yield { index, pixels, stored: pixels }
    }
    return
  }
  const pipeline = await ImagePipeline.open(
    { ...plan.shape, mode: plan.resize?.mode ?? null },
    scratch,
  )
  try {
    yield* new Decoding(staged, plan, pipeline).run(order)
  } finally {
    pipeline.close()
  }
}

interface Chunk {
  indices: number[]
  contents: Buffer[]
  inputs: PipelineInput[]
  /** One image of more pixels than a chunk may have. */
  isHuge: boolean
}

const emptyChunk = (): Chunk => ({ indices: [], contents: [], inputs: [], isHuge: false })

class Decoding {
  private readonly outputBytes: number
  /** The memory of the files of a chunk, and of the next one. */
  private readonly memories = [0, 1].map(() => Buffer.allocUnsafeSlow(maxChunkBytes))

  constructor(
    private readonly staged: StagedImages,
    private readonly plan: ImagePlan,
    private readonly pipeline: ImagePipeline,
  ) {
    const { height, width, channels } = plan.shape
    this.outputBytes = height * width * channels
  }

  *run(order: Uint32Array): Generator<DecodedImage | DamagedImage, void> {
    let running: Chunk | null = null
    for (const chunk of this.chunks(order)) {
      if (chunk.isHuge) {
        // alone, since a few of them at a time would fill the memory
        if (running) yield* this.finish(running)
        running = null
        yield this.decodeAlone(chunk, 0)
        continue
      }
      this.pipeline.start(chunk.inputs)
      if (running) yield* this.finish(running)
      running = chunk
    }
    if (running) yield* this.finish(running)
  }

  private *finish(chunk: Chunk): Generator<DecodedImage | DamagedImage, void> {
    const outputs = this.pipeline.finish()
    for (const i of chunk.indices.keys()) {
      const output = outputs[i]
      yield output ? this.resultOf(chunk, i, output) : this.decodeAlone(chunk, i)
    }
  }

  private *chunks(order: Uint32Array): Generator<Chunk> {
    let chunk = emptyChunk()
    let [bytes, pixels, fileBytes] = [0, 0, 0]
    for (const index of order) {
      const size = this.staged.size(index)
      const area = size.height * size.width
      const length = this.staged.bytesOf(index)
      const added = length + this.outputBytes
      const isFull =
        bytes + added > maxChunkBytes ||
        pixels + area > maxChunkPixels ||
        chunk.indices.length === maxChunkImages
      if (isFull && chunk.indices.length > 0) {
        yield chunk
        chunk = emptyChunk()
        bytes = pixels = fileBytes = 0
        this.memories.reverse()
      }
      const isLarge = fileBytes + length > maxChunkBytes
      const memory = isLarge ? undefined : this.memories[0]!.subarray(fileBytes, fileBytes + length)
      const content = this.staged.content(index, memory)
      fileBytes += length
      chunk.indices.push(index)
      chunk.contents.push(content)
      chunk.inputs.push(this.inputOf(index, content))
      bytes += added
      pixels += area
      chunk.isHuge = pixels > maxChunkPixels
    }
    if (chunk.indices.length > 0) yield chunk
  }

  private inputOf(index: number, content: Buffer): PipelineInput {
    const { staged, plan } = this
    const contents = graphContents(content, staged.format(index), plan.shape.channels)
    const encode = plan.encoding === 'encoded' && !this.isKept(index)
    return { contents, facts: staged.facts(index), encode }
  }

  /** PNG and JPEG are the formats that the training graph reads, which turns nothing. */
  private isKept(index: number): boolean {
    const format = this.staged.format(index)
    return (format === 'PNG' || format === 'JPEG') && this.staged.orientation(index) === 1
  }

  private decodeAlone(chunk: Chunk, i: number): DecodedImage | DamagedImage {
    const index = chunk.indices[i]!
    try {
      return this.resultOf(chunk, i, this.pipeline.decodeOne(chunk.inputs[i]!))
    } catch (error) {
      const format = this.staged.format(index)
      if (!(error instanceof SessionError) || !format) throw error
      const reason = toOneLine(error.message, 200)
      return { index, error: explainDamage(chunk.contents[i]!, format, reason) }
    }
  }

  private resultOf(
    { indices, contents, inputs }: Chunk,
    i: number,
    output: PipelineOutput,
  ): DecodedImage | DamagedImage {
    const index = indices[i]!
    const error = this.isSuspect(index, output) ? findDamage(contents[i]!) : null
    if (error) return { index, error }
    const { pixels, png } = output
    if (this.plan.encoding === 'raw') return { index, pixels, stored: pixels }
    return { index, pixels, stored: inputs[i]!.encode ? png : contents[i]! }
  }

  /**
   * libjpeg fills what a JPEG lacks with grey and goes on after the next restart marker. Reading the codes of every
   * JPEG here would take as long as decoding it.
   */
  private isSuspect(index: number, { lastBrightness }: PipelineOutput): boolean {
    const { staged } = this
    if (staged.format(index) !== 'JPEG') return false
    const { height, width } = staged.size(index)
    const isGrey = Math.abs(lastBrightness - 128) <= 3
    return isGrey || height * width <= quickPixels || staged.hasTrait(index, 'restarts')
  }
}

/** A JPEG of so few pixels is always read. */
const quickPixels = 64 * 64
