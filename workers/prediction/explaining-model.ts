import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeImage } from '../../src/datasets/images/encoded/image-traits.js'
import { TrainyardError } from '../../src/errors.js'
import {
  type ExplainedNetwork,
  gradCam,
  integratedGradients,
  normalizeMap,
  predictImage,
} from '../../src/explanations/explain.js'
import { drawHeatMap } from '../../src/explanations/pictures.js'
import { buildExplanationProgram, type FeatureMap } from '../../src/explanations/program.js'
import { variablesPrefix, writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession, type Runtime } from '../../src/graph/session.js'
import { savedModelFolder } from '../../src/models/served-network.js'
import type { Baseline, Completeness, SourceImage } from '../../src/spec/explanation.js'
import type {
  ExplainedImage,
  ImageExplanationAnswer,
  ImageExplanationTask,
  ImagesInput,
} from '../../src/spec/ipc-messages.js'
import { readTensors } from '../../src/weights/read-tensors.js'
import { Decoder, undecodable } from './decoder.js'

type Served = Pick<ImageExplanationTask, 'folder' | 'model' | 'input' | 'classes'>

/** A published network, or a checkpoint, in the form that explains: in float32, with its gradients. */
export class ExplainingModel {
  private constructor(
    private readonly network: ExplainedNetwork,
    private readonly featureMaps: readonly FeatureMap[],
    private readonly decoder: Decoder,
    private readonly mean: readonly number[],
  ) {}

  /** Throws NOT_EXPLAINABLE if the network of the manifest has variables that the version lacks. */
  static async open(runtime: Runtime, { folder, ...served }: Served): Promise<ExplainingModel> {
    const { model, input, classes } = served
    const { height, width, channels, mean } = input
    const program = buildExplanationProgram({ model, images: input, classes })
    const savedModel = savedModelFolder(folder)
    const stored = await readTensors(variablesPrefix(savedModel))
    const names = new Set(stored?.map(({ name }) => name))
    const missing = program.variables?.find(({ name }) => !names.has(name))
    if (missing) {
      const message = `the version has no variable ${missing.name}, which its network has in this server: train the model again, or retry its job, to have it explained`
      throw new TrainyardError('NOT_EXPLAINABLE', message)
    }
    const temporary = await mkdtemp(join(tmpdir(), 'trainyard-explainer-'))
    try {
      await writeSavedModel(temporary, program.graph, program)
      await symlink(join(savedModel, 'variables'), join(temporary, 'variables'))
      const shape = [height, width, channels] as const
      const decoder = await Decoder.open(runtime, savedModel, shape)
      const session = await openSession(runtime, temporary)
      const network = { session, program, shape, classes }
      return new ExplainingModel(network, program.featureMaps, decoder, mean)
    } finally {
      await rm(temporary, { recursive: true })
    }
  }

  explain(task: ImageExplanationTask): ImageExplanationAnswer {
    const { method, images, layer: asked } = task
    const layers = [...this.featureMaps]
    const layer =
      method === 'gradCam'
        ? ((asked === null ? layers.at(-1) : layers.find(({ name }) => name === asked)) ?? null)
        : null
    if (method === 'gradCam' && layer === null) return { layers, layer, images: [] }
    const decoded = this.pixelsOf(images)
    const sources =
      images.kind === 'images' ? images.files.map((file, i) => this.source(file, i, task)) : []
    return {
      layers,
      layer,
      images: decoded.map((pixels, i) => ({
        ...this.explainImage(task, layer, pixels),
        source: sources[i] ?? null,
      })),
    }
  }

  close(): void {
    this.network.session.close()
    this.decoder.close()
  }

  private explainImage(
    { target: asked, baseline, steps, picture }: ImageExplanationTask,
    layer: FeatureMap | null,
    pixels: Float32Array,
  ): Omit<ExplainedImage, 'source'> {
    const { network } = this
    const [height, width] = network.shape
    const { logits, probabilities } = predictImage(network, pixels)
    if (!logits.every(Number.isFinite)) {
      const message =
        'the network predicts numbers that are NaN or infinite, which have no gradient'
      throw new TrainyardError('NOT_EXPLAINABLE', message)
    }
    const target = asked ?? logits.indexOf(Math.max(...logits))
    let completeness: Completeness | null = null
    let map: Float32Array
    if (layer) {
      map = gradCam(network, pixels, target, layer.name)
    } else {
      const from = this.baseline(baseline, pixels.length)
      const found = integratedGradients(network, pixels, from, target, steps)
      map = found.map
      completeness = found.completeness
    }
    const { values, scale } = normalizeMap(map)
    const drawing = { values, isSigned: layer === null, height, width }
    return {
      ...{ logits, probabilities, target, completeness, values, scale },
      picture: picture && drawHeatMap(picture, drawing, pixels),
    }
  }

  private pixelsOf(images: ImagesInput): Float32Array[] {
    if (images.kind === 'images') {
      const files = images.files.map((contents, position) => ({ contents, position }))
      return this.decoder.decode(files).map(decoded => {
        if (decoded instanceof Error) throw decoded
        return decoded
      })
    }
    const size = images.data.length / images.shape[0]
    return Array.from({ length: images.shape[0] }, (_, i) =>
      images.data.slice(i * size, (i + 1) * size),
    )
  }

  /** [h, w, c] of one colour. */
  private baseline(kind: Baseline, length: number): Float32Array {
    const colour = kind === 'mean' ? this.mean : [kind === 'white' ? 255 : 0]
    return Float32Array.from({ length }, (_, i) => colour[i % colour.length]!)
  }

  /** Where the pixels of a file lie in the input of the network (`standard-image.ts` resizes them). */
  private source(file: Uint8Array, index: number, { resize }: ImageExplanationTask): SourceImage {
    const { orientation, ...stored } = describe(file, index)
    const isSwapped = orientation > 4 && this.decoder.turnsImages
    const height = isSwapped ? stored.width : stored.height
    const width = isSwapped ? stored.height : stored.width
    const [toHeight, toWidth] = this.network.shape
    const ratios = [toHeight / height, toWidth / width] as const
    const common = resize === 'fill' ? Math.max(...ratios) : Math.min(...ratios)
    const scale = resize === 'stretch' ? [...ratios] : [common, common]
    const offset = [(toHeight - height * scale[0]!) / 2, (toWidth - width * scale[1]!) / 2]
    return { height, width, scale, offset }
  }
}

/** Throws UNDECODABLE_IMAGE for what an old version decodes although its structure is damaged. */
function describe(file: Uint8Array, index: number) {
  try {
    return describeImage(file)
  } catch (cause) {
    throw undecodable(index, cause)
  }
}
