import { effectOutputs } from '../graph/effect-outputs.js'
import { restoreTensors, saveTensors } from '../graph/ops/checkpoint.js'
import { placeholder } from '../graph/ops/constant.js'
import * as data from '../graph/ops/dataset.js'
import {
  deserializeIterator,
  iterator,
  next,
  serializeIterator,
  startIterator,
} from '../graph/ops/iterator.js'
import type { Session } from '../graph/session.js'
import { decodePipeline } from './decode-pipeline.js'
import {
  type InputPipeline,
  type InputPipelineOptions,
  isSplitByClass,
  microBatchSize,
} from './input-pipeline.js'
import { int32Vector, type RecordRange, stringVector } from './record-range.js'

/** Second half of the shuffle seed: TensorFlow replaces the seed (0, 0) by a random one. */
const shuffleSeed2 = 1

/**
 * Streaming input: reads records from disk and shuffles them through a buffer. A checkpoint holds
 * the iterator with its buffer.
 */
export function streamingInput({
  graph,
  images,
  validationImages = images,
  plan,
  seed,
}: InputPipelineOptions): InputPipeline {
  const { batchSize, shuffleBuffer } = plan
  const files = placeholder(graph, 'files', 'string', [-1])

  const records = placeholder(graph, 'records', 'int32')
  const byClass = isSplitByClass(plan)
  const selected = placeholder(graph, 'selected', 'int32', [-1])
  const trainingRecords = byClass
    ? data.select(data.tfRecords(files), 'train_select', selected)
    : data.take(data.tfRecords(files), records)
  const shuffled = data.repeat(data.shuffle(trainingRecords, shuffleBuffer, [seed, shuffleSeed2]))
  const batches = decodePipeline('train', shuffled, images, {
    batchSize: microBatchSize(plan),
    dropRemainder: true,
  })
  const trainingIterator = iterator(graph, 'input', batches.element)
  const startTraining = startIterator(trainingIterator, batches)

  const skip = placeholder(graph, 'skip', 'int32')
  const validationRecords = byClass
    ? data.select(data.tfRecords(files), 'evaluate_select', selected)
    : data.skip(data.tfRecords(files), skip)
  const validationBatches = decodePipeline('evaluate', validationRecords, validationImages, {
    batchSize,
    dropRemainder: false,
  })
  const validationIterator = iterator(graph, 'evaluation_input', validationBatches.element)
  const startEvaluation = startIterator(validationIterator, validationBatches)

  return {
    signatures: {
      start: {
        inputs: byClass ? { files, selected, seed } : { files, records, seed },
        outputs: effectOutputs(graph, 'started', [startTraining]),
      },
      startEvaluation: {
        inputs: byClass ? { files, selected } : { files, skip },
        outputs: effectOutputs(graph, 'evaluation_started', [startEvaluation]),
      },
    },
    training: (_, after) => next(trainingIterator, { controlInputs: after }),
    evaluation: () => next(validationIterator),
    save: bundle => [saveTensors(bundle, { iterator: serializeIterator(trainingIterator) })],
    restore(bundle) {
      const entry = { name: 'iterator', dtype: 'variant', shape: [-1] } as const
      return [deserializeIterator(trainingIterator, restoreTensors(bundle, [entry])[0]!)]
    },
  }
}

export function startTrainingStream(
  session: Session,
  { files, count, selected }: RecordRange,
  seed: number,
): void {
  const part = selected ? { selected: int32Vector(selected) } : { records: count }
  session.run('start', { files: stringVector(files), ...part, seed })
}

export function startValidationStream(
  session: Session,
  { files, first, selected }: RecordRange,
): void {
  const part = selected ? { selected: int32Vector(selected) } : { skip: first }
  session.run('startEvaluation', { files: stringVector(files), ...part })
}
