import type { Tensor } from '../graph/graph.js'
import { reshape, stackTensors } from '../graph/ops/array.js'
import * as data from '../graph/ops/dataset.js'
import { decodeImage } from '../graph/ops/image.js'
import { cast } from '../graph/ops/math.js'
import { decodeRaw, parseExample } from '../graph/ops/parse.js'
import type { ImageFormat } from './images.js'

interface BatchOptions {
  batchSize: number
  dropRemainder: boolean
}

/** Serialized tf.Examples → batches of uint8 pixels [n, h, w, c] and int32 labels [n]. */
export function decodePipeline(
  name: string,
  records: data.Dataset,
  format: ImageFormat,
  { batchSize, dropRemainder }: BatchOptions,
): data.Dataset {
  const { height, width, channels } = format
  const pixels = [height, width, channels]
  const batches = data.prefetch(
    format.encoding === 'encoded' ? decodeRecords() : parseBatches(),
    prefetchBatches,
  )
  // no autotuning: its thread sleeps for up to half a minute, and closing an iterator waits for it
  return data.withOptions(batches, { deterministic: true, autotune: false })

  /** Decodes records one by one, in parallel on all cores. */
  function decodeRecords(): data.Dataset {
    const images = data.map(records, `${name}_decode`, record => {
      const { image, label } = parse(stackTensors([record!]))
      return [reshape(decodeImage(reshape(image, []), channels), pixels), reshape(label, [])]
    })
    return data.batch(images, batchSize, { dropRemainder })
  }

  /** Parses whole batches, which is cheaper than one parse per record. */
  function parseBatches(): data.Dataset {
    const batched = data.batch(records, batchSize, { dropRemainder })
    return data.map(batched, `${name}_parse`, serialized => {
      const { image, label } = parse(serialized!)
      return [reshape(decodeRaw(image, 'uint8', pixels), [-1, ...pixels]), label]
    })
  }
}

const prefetchBatches = 2

function parse(serialized: Tensor) {
  const features = { image: { dtype: 'string' }, label: { dtype: 'int64' } } as const
  const { image, label } = parseExample(serialized, features)
  return { image, label: cast(label, 'int32') }
}
