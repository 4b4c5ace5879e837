import type { Tensor } from '../graph/graph.js'
import { reshape, stackTensors } from '../graph/ops/array.js'
import * as data from '../graph/ops/dataset.js'
import { decodeImage } from '../graph/ops/image.js'
import { cast } from '../graph/ops/math.js'
import { decodeRaw, parseExample } from '../graph/ops/parse.js'
import type { ImageFormat } from './images.js'

export interface Reading {
  files: Tensor
  format: ImageFormat
  batchSize: number
}

/** Endless training batches [batchSize, ...]: the first `records` of the files, in an order that the seed gives. */
export function trainingBatches(
  { files, format, batchSize }: Reading,
  order: { records: Tensor; seed: Tensor; buffer: number },
): data.Dataset {
  const records = data.take(data.tfRecords(files), order.records)
  const shuffled = data.repeat(data.shuffle(records, order.buffer, [order.seed, shuffleStream]))
  return ready(batches('train', shuffled, format, batchSize, true))
}

/** One pass over all records behind the first `skip`; the last batch may be smaller. */
export function evaluationBatches(
  { files, format, batchSize }: Reading,
  { skip }: { skip: Tensor },
): data.Dataset {
  const records = data.skip(data.tfRecords(files), skip)
  return ready(batches('evaluate', records, format, batchSize, false))
}

/** Beside the job's seed: TensorFlow would take (0, 0) for a random one. */
const shuffleStream = 1
const prefetched = 2

/** No autotuning: its thread sleeps ever longer, and whoever ends an iterator waits for it, half a minute in the end. */
const ready = (dataset: data.Dataset): data.Dataset =>
  data.withOptions(data.prefetch(dataset, prefetched), { deterministic: true, autotune: false })

function batches(
  name: string,
  records: data.Dataset,
  format: ImageFormat,
  batchSize: number,
  dropRemainder: boolean,
): data.Dataset {
  const { height, width, channels } = format
  const pixels = [height, width, channels]
  if (format.encoding === 'encoded') {
    const decoded = data.map(records, `${name}_decode`, record => {
      const { image, label } = parse(stackTensors([record!]))
      return [reshape(decodeImage(reshape(image, []), channels), pixels), reshape(label, [])]
    })
    return data.batch(decoded, batchSize, { dropRemainder })
  }
  // one parse for a whole batch is cheaper than one for each record
  const batched = data.batch(records, batchSize, { dropRemainder })
  return data.map(batched, `${name}_parse`, serialized => {
    const { image, label } = parse(serialized!)
    return [reshape(decodeRaw(image, 'uint8', pixels), [-1, ...pixels]), label]
  })

  function parse(serialized: Tensor) {
    const features = { image: { dtype: 'string' }, label: { dtype: 'int64' } } as const
    const { image, label } = parseExample(serialized, features)
    return { image, label: cast(label, 'int32') }
  }
}
