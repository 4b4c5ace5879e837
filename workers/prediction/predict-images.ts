import type { StoredDataset } from '../../src/datasets/stored/stored-dataset.js'
import { readExamples, type StoredExample } from '../../src/datasets/stored/stored-examples.js'
import type { TensorFlow } from '../../src/engine/tensorflow.js'
import { TrainingFailure } from '../../src/errors.js'
import { decodeError } from '../../src/ipc/wire-error.js'
import { savedModelFolder } from '../../src/models/served-network.js'
import { type ClassSelection, classFields } from '../../src/predictions/class-fields.js'
import { withTop } from '../../src/predictions/fields.js'
import { mostProbable } from '../../src/predictions/most-probable.js'
import { addClasses, type Scores } from '../../src/predictions/scores.js'
import type { NetworkOptions } from '../../src/runtimes/network.js'
import { openNetwork } from '../../src/runtimes/open-network.js'
import { maxBatch } from '../../src/spec/batch-sizes.js'
import type { ImagesManifest } from '../../src/spec/dataset.js'
import type { ImageShape, ImagesInput, Probabilities } from '../../src/spec/ipc-messages.js'
import type { NetworkModel } from '../../src/spec/model.js'
import { countNotFinite, type PredictedRecords, type RecordPredictor } from './batch-predictor.js'
import { Decoder } from './decoder.js'
import { ServedNetwork } from './served-network.js'

export interface ImagePredictorOptions extends Omit<NetworkOptions, 'precision'> {
  tf: TensorFlow
  selection: ClassSelection
}

/**
 * Opens a version with the runtime and the precision that answer requests for it. Stored files are decoded as those of a
 * request; raw pixels go to the network as they are.
 */
export async function openImagePredictor(
  folder: string,
  model: NetworkModel,
  dataset: StoredDataset<ImagesManifest>,
  { tf, selection, ...options }: ImagePredictorOptions,
): Promise<RecordPredictor> {
  const { precision: card, input, labels } = model
  const served = savedModelFolder(folder, card?.served)
  const image: ImageShape = [input.height, input.width, input.channels]
  const network = await openNetwork(tf, served, { ...options, precision: card?.served ?? 'fp32' })
  const servedNetwork = new ServedNetwork(network, await Decoder.open(tf, served, image), image)
  const { manifest } = dataset
  const classes = Math.max(1, labels.length)
  const fieldsOf = ({ probabilities, logits }: Pick<Probabilities, 'probabilities' | 'logits'>) => {
    const { fields, top } = classFields({ classes, labels, probabilities, logits }, selection)
    return withTop(fields, top)
  }
  const classOf = manifest.labels.map(label => labels.indexOf(label))

  async function predictBatch(examples: StoredExample[], first: number, scores: Scores) {
    const part = { input: inputOf(examples, manifest), first }
    const { parts } = await servedNetwork.run(servedNetwork.prepare([part], examples.length))
    const [answer] = parts
    if (!answer || 'error' in answer)
      throw badImage(answer && decodeError(answer.error), examples, first, manifest)
    const { probabilities } = answer.output
    const fields = fieldsOf(answer.output)
    const trueClasses = Int32Array.from(examples, ({ label }) => classOf[Number(label)] ?? -2)
    addClasses(scores, probabilities, mostProbable(probabilities, classes, 1), trueClasses)
    scores.notFinite += countNotFinite(fields, examples.length)
    return { count: examples.length, fields }
  }

  return {
    engine: {
      runtime: network.runtime,
      precision: network.precision,
      threads: options.threads,
    },
    fields: fieldsOf({ probabilities: new Float32Array(0), logits: new Float32Array(0) }),
    scored: classOf.some(index => index >= 0) ? 'classes' : null,
    async *predict({ first, end }, scores): AsyncGenerator<PredictedRecords> {
      let at = first
      let batch: StoredExample[] = []
      for (const example of readExamples(dataset, { first, end })) {
        batch.push({ ...example, image: Uint8Array.from(example.image) })
        if (batch.length < maxBatch && at + batch.length < end) continue
        yield await predictBatch(batch, at, scores)
        at += batch.length
        batch = []
      }
    },
    [Symbol.dispose]: () => servedNetwork.close(),
  }
}

function inputOf(examples: readonly StoredExample[], manifest: ImagesManifest): ImagesInput {
  if (manifest.encoding === 'encoded')
    return { kind: 'images', files: examples.map(({ image }) => image) }
  const { height, width, channels } = manifest
  const size = height * width * channels
  const data = new Float32Array(examples.length * size)
  for (const [i, { image }] of examples.entries()) data.set(image, i * size)
  return { kind: 'pixels', data, shape: [examples.length, height, width, channels] }
}

function badImage(
  cause: unknown,
  examples: readonly StoredExample[],
  first: number,
  { name }: ImagesManifest,
): Error {
  const message = cause instanceof Error ? cause.message : String(cause)
  // the decoder names the image by its number
  const [, number] = /^image (\d+) /.exec(message) ?? []
  const found = number === undefined ? undefined : examples[Number(number) - first]
  if (!found) return cause instanceof Error ? cause : new Error(message)
  return new TrainingFailure(
    'bad_sample',
    `record ${found.record} of ${found.shard} of data set '${name}': ${message}; upload the data set without it`,
    { cause },
  )
}
