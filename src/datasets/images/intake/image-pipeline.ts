import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { releaseLibraryPages } from '../../../engine/library-pages.js'
import { loadNativeOps } from '../../../engine/native-ops.js'
import { loadTensorFlow } from '../../../engine/tensorflow.js'
import { effectOutputs } from '../../../graph/effect-outputs.js'
import { defineFunction } from '../../../graph/function.js'
import { Graph, type Tensor } from '../../../graph/graph.js'
import { expandDims, pad, reshape, slice } from '../../../graph/ops/array.js'
import { compareWith } from '../../../graph/ops/compare.js'
import { branch, choose, chooseAll } from '../../../graph/ops/conditional.js'
import { constant, fill, placeholder, scalar } from '../../../graph/ops/constant.js'
import * as data from '../../../graph/ops/dataset.js'
import { bitcastToInts, encodePng } from '../../../graph/ops/image.js'
import { iterator, next, startIterator } from '../../../graph/ops/iterator.js'
import { cast, sub } from '../../../graph/ops/math.js'
import { nativeResize } from '../../../graph/ops/native-resize.js'
import { closeQueue, dequeue, enqueue, queue } from '../../../graph/ops/queue.js'
import { reduceMean, reduceSum } from '../../../graph/ops/reduce.js'
import {
  factsLength,
  factValues,
  type ImageFacts,
  lastPixel,
  type Resizer,
  type StandardImage,
  standardImageSteps,
  stockResize,
} from '../../../graph/ops/standard-image.js'
import { copyStrings } from '../../../graph/ops/strings.js'
import { type Signature, writeSavedModel } from '../../../graph/saved-model.js'
import { openSession, type RunResult, type Session } from '../../../graph/session.js'
import { freeMemory } from './free-memory.js'

export interface PipelineInput {
  contents: Uint8Array
  facts: ImageFacts
  /** Whether the result is wanted as a PNG file too. */
  encode: boolean
}

export interface PipelineOutput {
  /** uint8 [height, width, channels] of the standard image. Valid until the next chunk. */
  pixels: Uint8Array
  /** The mean of the channels of the last pixel as stored, 0 to 255. */
  lastBrightness: number
  /** Empty if it was not asked for. */
  png: Uint8Array
}

export const maxChunkImages = 256

/** While JavaScript handles the images of one chunk, the other is decoded. */
const maxChunksUnderWay = 2

/**
 * Decodes images on all cores beside the JavaScript thread, and brings them to one size. Loading TensorFlow
 * blocks for about a second, so import this file only where it is needed.
 */
export class ImagePipeline {
  /** The images of each chunk that is under way. */
  private readonly underWay: number[] = []
  /** The memory of the last chunk's pixels. */
  private finished: ArrayBuffer | null = null
  private hasReleasedPages = false

  /** `scratch` is a folder for a temporary file. */
  static async open(target: StandardImage, scratch: string): Promise<ImagePipeline> {
    releaseLibraryPages()
    if (target.mode && loadNativeOps()) {
      const pipeline = await ImagePipeline.openWith(nativeResize, target, scratch)
      if (pipeline.session.run('check').number('differing') === 0) return pipeline
      // a TensorFlow that was compiled to round in another way
      pipeline.close()
    }
    return ImagePipeline.openWith(stockResize, target, scratch)
  }

  private static async openWith(
    resizer: Resizer,
    target: StandardImage,
    scratch: string,
  ): Promise<ImagePipeline> {
    const graph = new Graph()
    const signatures = buildSignatures(graph, target, resizer)
    const folder = await mkdtemp(join(scratch, 'pipeline-'))
    try {
      await writeSavedModel(folder, graph, { signatures })
      const session = await openSession(loadTensorFlow(), folder)
      session.run('open')
      releaseLibraryPages()
      return new ImagePipeline(session, target)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  private constructor(
    private readonly session: Session,
    private readonly target: StandardImage,
  ) {}

  /** Begins to decode a chunk. At most two may be under way. */
  start(images: readonly PipelineInput[]): void {
    if (this.underWay.length === maxChunksUnderWay) throw new Error('two chunks are under way')
    this.session.run('start', feedsOf([...images, noImage]))
    this.underWay.push(images.length)
  }

  /**
   * Waits for the chunk that was started first. Null for an image that cannot be decoded. The pixels of the chunk
   * before are no longer valid.
   */
  finish(): (PipelineOutput | null)[] {
    const images = this.underWay.shift()
    if (images === undefined) throw new Error('no chunk is under way')
    const outputs = new Array<PipelineOutput | null>(images).fill(null)
    if (this.finished) freeMemory(this.finished)
    const result = this.session.run('next')
    this.releasePages()
    this.finished = result.ints('pixels').buffer as ArrayBuffer
    const decoded = this.outputsOf(result)
    for (const [i, place] of result.ints('place').entries()) {
      if (place < images) outputs[place] = decoded[i]!
    }
    return outputs
  }

  /** Decodes one image alone. Throws a SessionError if it is damaged. */
  decodeOne(image: PipelineInput): PipelineOutput {
    return this.outputsOf(this.session.run('one', feedsOf([image])))[0]!
  }

  close(): void {
    // TensorFlow crashes if it deletes a queue for which something waits
    this.session.run('close')
    this.session.close()
  }

  /** The first chunk is the last to run code that optimizes graphs. */
  private releasePages(): void {
    if (this.hasReleasedPages) return
    this.hasReleasedPages = true
    releaseLibraryPages()
  }

  private outputsOf(result: RunResult): PipelineOutput[] {
    const { data, shape } = result.get('pixels')
    const { buffer, byteOffset } = data as Int32Array
    const brightness = result.floats('brightness')
    const pngs = result.get('png').data as readonly Uint8Array[]
    const { height, width, channels } = this.target
    return Array.from(brightness, (lastBrightness, i) => ({
      pixels: new Uint8Array(buffer, byteOffset + 4 * i * shape[1]!, height * width * channels),
      lastBrightness,
      png: pngs[i]!,
    }))
  }
}

/** What is to be done with an image. */
const works = { nothing: 0, decode: 1, encode: 2 } as const

/** Ends each chunk, since a chunk of which nothing is left would not come out of the pipeline. */
const noImage = null

function feedsOf(images: readonly (PipelineInput | null)[]) {
  const work = images.map((image, place) => [
    place,
    ...(image
      ? [image.encode ? works.encode : works.decode, ...factValues(image.facts)]
      : [works.nothing, ...new Array<number>(factsLength).fill(0)]),
  ])
  return {
    contents: {
      data: images.map(image => image?.contents ?? new Uint8Array()),
      shape: [images.length],
    },
    work: { data: work.flat(), shape: [images.length, workLength] },
  }
}

/** Place in the chunk, what is to be done, and facts. */
const workLength = 2 + factsLength

const chunkElement: readonly data.Component[] = [
  { dtype: 'string', shape: [-1] },
  { dtype: 'int32', shape: [-1, workLength] },
]

function buildSignatures(
  graph: Graph,
  target: StandardImage,
  resizer: Resizer,
): Record<string, Signature> {
  const prepare = imagePreparation(graph, target, resizer)
  const chunks = queue(graph, chunkQueue, chunkElement)
  const inputs = inputsOf(graph, 'chunk')
  const start = enqueue(chunks, [copyStrings(inputs.contents), inputs.work])
  const pipeline = chunkPipeline(graph, prepare)
  const decoded = iterator(graph, 'decoded', pipeline.element)
  const [place, pixels, brightness, png] = next(decoded)
  return {
    open: {
      inputs: {},
      outputs: effectOutputs(graph, 'opened', [startIterator(decoded, pipeline)]),
    },
    start: { inputs, outputs: effectOutputs(graph, 'started', [start]) },
    next: {
      inputs: {},
      outputs: { place: place!, pixels: pixels!, brightness: brightness!, png: png! },
    },
    one: oneSignature(graph, prepare),
    check: { inputs: {}, outputs: { differing: differingBytes(graph, target.channels, resizer) } },
    close: { inputs: {}, outputs: effectOutputs(graph, 'closed', [closeQueue(chunks)]) },
  }
}

/** The bytes in which a resizer's result differs from that of the stock ops, for a picture of noise; int32 []. */
function differingBytes(graph: Graph, channels: number, resizer: Resizer): Tensor {
  const shape = [61, 83, channels]
  // a linear congruential generator, of which the upper bits are random enough
  let state = 1
  const noise = Array.from({ length: 61 * 83 * channels }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  })
  const image = cast(constant(graph, noise, { dtype: 'int32', shape }), 'uint8')
  const size = constant(graph, [40, 50], { dtype: 'int32' })
  const scales = constant(graph, [0.63, 0.63])
  const margins = constant(graph, [1.3, -1.1])
  const [expected, found] = [stockResize, resizer].map(each => each(image, size, scales, margins))
  return reduceSum(cast(compareWith('NotEqual', expected!, found!), 'int32'))
}

/** Contents, and work int32 [6] → pixels, brightness of the last pixel, PNG file. */
type Prepare = (contents: Tensor, work: Tensor) => readonly Tensor[]

const prepareArgs: readonly data.Component[] = [
  { dtype: 'string', shape: [] },
  { dtype: 'int32', shape: [workLength] },
]

function imagePreparation(graph: Graph, target: StandardImage, resizer: Resizer): Prepare {
  const steps = standardImageSteps(graph, 'image', target, resizer)
  const { height, width, channels } = target
  const inputs = [{ dtype: 'uint8', shape: [height, width, channels] }] as const
  const encoded = branch(graph, 'encode', inputs, image => encodePng(image!))
  const notEncoded = branch(graph, 'encode_not', inputs, image => noFile(image!.node.graph))
  const decode = defineFunction(graph, 'decode', prepareArgs, (contents, work) => {
    const facts = slice(work!, [2], [factsLength])
    const image = steps.decode(contents!, facts)
    const standard = steps.standardize(image, facts)
    const brightness = reduceMean(cast(lastPixel(image), 'float32'))
    const encode = sub(part(work!, 1), works.decode)
    const png = choose(encode, [notEncoded, encoded], [standard])
    return [toInts(standard), brightness, png]
  })
  const nothing = defineFunction(graph, 'nothing', prepareArgs, contents => {
    const { graph: body } = contents!.node
    const [pixels] = decode.outputs
    return [fill(body, pixels!.shape, 0, 'int32'), scalar(body, 0, 'float32'), noFile(body)]
  })
  return (contents, work) => chooseAll(part(work, 1), [nothing, decode], [contents, work])
}

const part = (work: Tensor, index: number): Tensor => reshape(slice(work, [index], [1]), [])

const noFile = (graph: Graph): Tensor => scalar(graph, '', 'string')

/** uint8 pixels → int32 [n] of the same bytes, with zeros at the end. */
function toInts(image: Tensor): Tensor {
  const flat = reshape(image, [-1])
  const filled = pad(flat, [0], [-flat.shape[0]! & 3])
  return bitcastToInts(reshape(filled, [-1, 4]))
}

function inputsOf(graph: Graph, prefix: string) {
  const contents = placeholder(graph, `${prefix}_contents`, 'string', [-1])
  const work = placeholder(graph, `${prefix}_work`, 'int32', [-1, workLength])
  return { contents, work }
}

/**
 * Takes chunks out of the queue, one after the other, and decodes the images of each on all cores. It is made once,
 * since TensorFlow takes as long to make a pipeline as to decode the images of a chunk.
 */
function chunkPipeline(graph: Graph, prepare: Prepare): data.Dataset {
  const prepareNumbered = defineFunction(graph, 'prepare', prepareArgs, (contents, work) => [
    part(work!, 0),
    ...prepare(contents!, work!),
  ])
  const waiting = data.map(
    data.range(graph, Number.MAX_SAFE_INTEGER),
    'take_chunk',
    position => dequeue(queue(position!.node.graph, chunkQueue, chunkElement), chunkElement),
    { parallelCalls: 1 },
  )
  const decoded = data.flatMap(waiting, 'decode_chunk', (contents, work) => {
    const images = data.mapBy(data.slices([contents!, work!]), prepareNumbered)
    return data.batch(data.withoutErrors(images), maxChunkImages + 1, { dropRemainder: false })
  })
  const options = { deterministic: true, autotune: false, warmStart: true }
  return data.withOptions(data.prefetch(decoded, 1), options)
}

const chunkQueue = 'chunks'

function oneSignature(graph: Graph, prepare: Prepare): Signature {
  const inputs = inputsOf(graph, 'one')
  const [pixels, brightness, png] = prepare(
    reshape(inputs.contents, []),
    reshape(inputs.work, [workLength]),
  )
  return {
    inputs,
    outputs: {
      pixels: expandDims(pixels!, 0),
      brightness: expandDims(brightness!, 0),
      png: expandDims(png!, 0),
    },
  }
}
