import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { loadTensorFlow } from '../../../engine/tensorflow.js'
import { Graph, type Tensor } from '../../../graph/graph.js'
import { expandDims, pad, reshape } from '../../../graph/ops/array.js'
import { branch, choose } from '../../../graph/ops/conditional.js'
import { constant, placeholder, scalar } from '../../../graph/ops/constant.js'
import { identity } from '../../../graph/ops/control.js'
import * as data from '../../../graph/ops/dataset.js'
import { bitcastToInts, encodePng } from '../../../graph/ops/image.js'
import { iterator, next, startIterator } from '../../../graph/ops/iterator.js'
import { cast } from '../../../graph/ops/math.js'
import { reduceMean } from '../../../graph/ops/reduce.js'
import {
  factsLength,
  factValues,
  type ImageFacts,
  lastPixel,
  type StandardImage,
  standardImageSteps,
} from '../../../graph/ops/standard-image.js'
import { copyStrings } from '../../../graph/ops/strings.js'
import { type Signature, writeSavedModel } from '../../../graph/saved-model.js'
import { openSession, type RunResult, type Runtime, type Session } from '../../../graph/session.js'
import { SessionError } from '../../../graph/values.js'

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

/** A chunk of this size is one element of the pipeline. */
export const maxChunkImages = 256

/** Both names are those of an iterator. While JavaScript handles the images of one, the other decodes. */
const lanes = ['even', 'odd'] as const
type Lane = (typeof lanes)[number]

/**
 * Decodes images on all cores beside the JavaScript thread, and brings them to one size. Loading TensorFlow
 * blocks for about a second, so import this file only where it is needed.
 */
export class ImagePipeline {
  private started = 0
  private finished = 0

  /** `scratch` is a folder for a temporary file. */
  static async open(target: StandardImage, scratch: string): Promise<ImagePipeline> {
    const graph = new Graph()
    const signatures = buildSignatures(graph, target)
    const folder = await mkdtemp(join(scratch, 'pipeline-'))
    try {
      await writeSavedModel(folder, graph, { signatures })
      const session = await openSession(loadTensorFlow() as unknown as Runtime, folder)
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
    if (this.started - this.finished === lanes.length) throw new Error('two chunks are under way')
    this.session.run(`start_${this.lane(this.started++)}`, feedsOf(images))
  }

  /** Waits for the chunk that was started first. Null if one of its images cannot be decoded. */
  finish(): PipelineOutput[] | null {
    try {
      return this.outputsOf(this.session.run(`next_${this.lane(this.finished++)}`))
    } catch (error) {
      if (error instanceof SessionError) return null
      throw error
    }
  }

  /** Decodes one image alone. Throws a SessionError if it is damaged. */
  decodeOne(image: PipelineInput): PipelineOutput {
    return this.outputsOf(this.session.run('one', feedsOf([image])))[0]!
  }

  close(): void {
    this.session.close()
  }

  private lane(chunk: number): Lane {
    return lanes[chunk % lanes.length]!
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

const feedsOf = (images: readonly PipelineInput[]) => ({
  contents: { data: images.map(({ contents }) => contents), shape: [images.length] },
  facts: {
    data: images.flatMap(({ facts }) => factValues(facts)),
    shape: [images.length, factsLength],
  },
  encode: { data: images.map(({ encode }) => (encode ? 1 : 0)), shape: [images.length] },
})

function buildSignatures(graph: Graph, target: StandardImage): Record<string, Signature> {
  const prepare = imagePreparation(graph, target)
  return {
    ...laneSignatures(graph, 'even', prepare),
    ...laneSignatures(graph, 'odd', prepare),
    one: oneSignature(graph, prepare),
  }
}

/** Bytes, facts and whether to encode → the outputs of one image. */
type Prepare = (contents: Tensor, facts: Tensor, encode: Tensor) => readonly Tensor[]

function imagePreparation(graph: Graph, target: StandardImage): Prepare {
  const steps = standardImageSteps(graph, 'image', target)
  const { height, width, channels } = target
  const inputs = [{ dtype: 'uint8', shape: [height, width, channels] }] as const
  const encoded = branch(graph, 'encode', inputs, image => encodePng(image!))
  const nothing = branch(graph, 'encode_not', inputs, image =>
    constant(image!.node.graph, [''], { dtype: 'string', shape: [] }),
  )
  return (contents, facts, encode) => {
    const image = steps.decode(contents, facts)
    const standard = steps.standardize(image, facts)
    const brightness = reduceMean(cast(lastPixel(image), 'float32'))
    const png = choose(encode, [nothing, encoded], [standard])
    return [toInts(standard), brightness, png]
  }
}

/** uint8 pixels → int32 [n] of the same bytes, with zeros at the end. */
function toInts(image: Tensor): Tensor {
  const flat = reshape(image, [-1])
  const filled = pad(flat, [0], [-flat.shape[0]! & 3])
  return bitcastToInts(reshape(filled, [-1, 4]))
}

function inputsOf(graph: Graph, prefix: string) {
  const contents = placeholder(graph, `${prefix}_contents`, 'string', [-1])
  const facts = placeholder(graph, `${prefix}_facts`, 'int32', [-1, factsLength])
  const encode = placeholder(graph, `${prefix}_encode`, 'int32', [-1])
  return { contents, facts, encode }
}

function laneSignatures(graph: Graph, lane: Lane, prepare: Prepare): Record<string, Signature> {
  const inputs = inputsOf(graph, lane)
  const images = data.map(
    data.slices([copyStrings(inputs.contents), inputs.facts, inputs.encode]),
    `${lane}_image`,
    (contents, facts, encode) => prepare(contents!, facts!, encode!),
  )
  const chunks = data.prefetch(data.batch(images, maxChunkImages, { dropRemainder: false }), 1)
  const options = { deterministic: true, autotune: false, warmStart: true }
  const pipeline = data.withOptions(chunks, options)
  const target = iterator(graph, lane, pipeline.element)
  const start = startIterator(target, pipeline)
  const [pixels, brightness, png] = next(target)
  const started = identity(scalar(graph, 1), { controlInputs: [start] })
  return {
    [`start_${lane}`]: { inputs, outputs: { started } },
    [`next_${lane}`]: {
      inputs: {},
      outputs: { pixels: pixels!, brightness: brightness!, png: png! },
    },
  }
}

function oneSignature(graph: Graph, prepare: Prepare): Signature {
  const inputs = inputsOf(graph, 'one')
  const [contents, facts, encode] = [inputs.contents, inputs.facts, inputs.encode]
  const [pixels, brightness, png] = prepare(
    reshape(contents, []),
    reshape(facts, [factsLength]),
    reshape(encode, []),
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
