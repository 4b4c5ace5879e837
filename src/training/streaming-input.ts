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
import { decodedBatches } from './decode-pipeline.js'
import { done } from './done.js'
import type { Input, InputOptions } from './input-pipeline.js'
import { type Records, strings } from './record-range.js'

/** Beside the job's seed: TensorFlow would take (0, 0) for a random one. */
const shuffleStream = 1

/** Records as they lie on disk, shuffled through a buffer; a checkpoint holds the iterator, buffer included. */
export function streamedInput({ graph, images, plan, seed }: InputOptions): Input {
  const { batchSize, shuffleBuffer } = plan
  const files = placeholder(graph, 'files', 'string', [-1])

  const records = placeholder(graph, 'records', 'int32')
  const kept = data.take(data.tfRecords(files), records)
  const shuffled = data.repeat(data.shuffle(kept, shuffleBuffer, [seed, shuffleStream]))
  const batches = decodedBatches('train', shuffled, images, { batchSize, dropRemainder: true })
  const input = iterator(graph, 'input', batches.element)
  const started = startIterator(input, batches)

  const skip = placeholder(graph, 'skip', 'int32')
  const behind = data.skip(data.tfRecords(files), skip)
  const held = decodedBatches('evaluate', behind, images, { batchSize, dropRemainder: false })
  const heldInput = iterator(graph, 'evaluation_input', held.element)
  const evaluationStarted = startIterator(heldInput, held)

  return {
    signatures: {
      start: { inputs: { files, records, seed }, outputs: done(graph, 'started', [started]) },
      startEvaluation: {
        inputs: { files, skip },
        outputs: done(graph, 'evaluation_started', [evaluationStarted]),
      },
    },
    training: () => next(input),
    evaluation: () => next(heldInput),
    save: bundle => [saveTensors(bundle, { iterator: serializeIterator(input) })],
    restore(bundle) {
      const entry = { name: 'iterator', dtype: 'variant', shape: [-1] } as const
      return [deserializeIterator(input, restoreTensors(bundle, [entry])[0]!)]
    },
  }
}

export function startStream(session: Session, { files, count }: Records, seed: number): void {
  session.run('start', { files: strings(files), records: count, seed })
}

export function startHeldStream(session: Session, { files, first }: Records): void {
  session.run('startEvaluation', { files: strings(files), skip: first })
}
