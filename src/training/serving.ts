import { Graph, type Tensor } from '../graph/graph.js'
import { placeholder } from '../graph/ops/constant.js'
import { mapRows } from '../graph/ops/map-rows.js'
import { cast } from '../graph/ops/math.js'
import { softmax } from '../graph/ops/softmax.js'
import { factsLength, factsOfFile, standardImageSteps } from '../graph/ops/standard-image.js'
import type { SavedModelSpec } from '../graph/saved-model.js'
import type { Fold } from '../nets/fold.js'
import { createLayers } from '../nets/layers.js'
import { Variables } from '../nets/variables.js'
import type { ImagePreprocessing } from '../spec/model.js'
import type { NetworkOptions } from '../spec/model-options.js'
import { type ImageFormat, normalize } from './images.js'
import { buildNetwork } from './network.js'

/** For images of other sizes than those of a data set whose images have one size. */
const defaultMode = 'stretch'

/** The signature that takes image files. Its name is that of TensorFlow Serving's requests, too. */
export const filesSignature = 'serving_files'

/** What the signature `decode` does, for the manifest. */
export const preprocessingOf = ({ resize }: Pick<ImageFormat, 'resize'>): ImagePreprocessing => ({
  resize: resize?.mode ?? defaultMode,
  antialias: true,
  orientation: 'exif',
})

export interface ServedNetwork {
  model: NetworkOptions
  images: Omit<ImageFormat, 'encoding'>
  classes: number
}

/**
 * The graph of a trained model. `serving_default`: images [n, h, w, c] with pixels 0 to 255 →
 * logits and probabilities [n, classes]. `decode`: an image file, and the facts of `standard-image.ts` → the
 * image [h, w, c] as the data set would hold it. `decode_files`: the same for many, in parallel, → [n, h, w, c].
 * `serving_files`: image files [n] → logits and probabilities, for servers that know no facts; photographs stay as
 * they are stored; it is a copy of the network, with the same weights. Batch norm is folded into the convolutions, as in the weights that the program's `export` writes.
 */
export function buildServingProgram(
  { model, images: format, classes }: ServedNetwork,
  { withFiles = true }: { withFiles?: boolean } = {},
): SavedModelSpec & { graph: Graph } {
  const graph = new Graph()
  const variables = new Variables(graph)
  const { height, width, channels } = format
  const images = placeholder(graph, 'images', 'float32', [-1, height, width, channels])
  const layers = createLayers(variables, 'inference', {
    folds: findFolds({ model, images: format, classes }),
  })
  const predict = (images: Tensor) => {
    const logits = buildNetwork(layers, normalize(images, format), model, classes)
    return { logits, probabilities: softmax(logits) }
  }
  const outputs = predict(images)

  const file = placeholder(graph, 'file', 'string')
  const facts = placeholder(graph, 'facts', 'int32', [factsLength])
  const { resize: mode } = preprocessingOf(format)
  const steps = standardImageSteps(graph, 'standard_image', { height, width, channels, mode })
  const decode = (file: Tensor, facts: Tensor) =>
    cast(steps.standardize(steps.decode(file, facts), facts), 'float32')
  const image = decode(file, facts)
  const files = placeholder(graph, 'files', 'string', [-1])
  const manyFacts = placeholder(graph, 'many_facts', 'int32', [-1, factsLength])
  const [decoded] = mapRows([files, manyFacts], 'decode_file', (file, facts) => [
    decode(file!, facts!),
  ])
  const predictFiles = () => {
    const files = placeholder(graph, 'encoded_images', 'string', [-1])
    const [read] = mapRows([files], 'read_file', file => [decode(file!, factsOfFile(file!))])
    return { inputs: { files }, outputs: predict(read!) }
  }
  return {
    graph,
    variables: variables.all,
    signatures: {
      serving_default: {
        inputs: { images },
        outputs,
      },
      ...(withFiles && { [filesSignature]: graph.nameScope(filesSignature, predictFiles) }),
      decode: { inputs: { file, facts }, outputs: { image } },
      decode_files: { inputs: { files, facts: manyFacts }, outputs: { images: decoded! } },
    },
  }
}

/** Builds the unfolded network to find the convolutions whose output only a batch norm reads. */
export function findFolds({ model, images, classes }: ServedNetwork): readonly Fold[] {
  const graph = new Graph()
  const layers = createLayers(new Variables(graph), 'inference')
  const shape = [-1, images.height, images.width, images.channels]
  buildNetwork(layers, placeholder(graph, 'images', 'float32', shape), model, classes)
  return layers.folds
}
