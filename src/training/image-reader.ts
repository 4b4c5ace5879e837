// Reads images of a data set in their order, apart from the program that trains on them.
import { effectOutputs } from '../graph/effect-outputs.js'
import { Graph } from '../graph/graph.js'
import { placeholder } from '../graph/ops/constant.js'
import * as data from '../graph/ops/dataset.js'
import { iterator, next, startIterator } from '../graph/ops/iterator.js'
import { cast } from '../graph/ops/math.js'
import type { SavedModelSpec } from '../graph/saved-model.js'
import type { Session } from '../graph/session.js'
import { decodePipeline } from './decode-pipeline.js'
import type { ImageFormat } from './images.js'
import { int32Vector, type RecordRange, stringVector } from './record-range.js'

/** Signatures `start` (files, selected) and `next`: pixels 0 to 255 [n, h, w, c] and labels [n]. */
export function imageReaderProgram(
  images: ImageFormat,
  batchSize: number,
): SavedModelSpec & { graph: Graph } {
  const graph = new Graph()
  const files = placeholder(graph, 'files', 'string', [-1])
  const selected = placeholder(graph, 'selected', 'int32', [-1])
  const count = placeholder(graph, 'count', 'int32')
  const records = data.take(data.tfRecords(files), count)
  const batches = decodePipeline('read', data.select(records, 'read', selected), images, {
    batchSize,
    dropRemainder: false,
  })
  const source = iterator(graph, 'images', batches.element)
  const [pixels, labels] = next(source)
  return {
    graph,
    signatures: {
      start: {
        inputs: { files, selected, count },
        outputs: effectOutputs(graph, 'started', [startIterator(source, batches)]),
      },
      next: { inputs: {}, outputs: { pixels: cast(pixels!, 'float32'), labels: labels! } },
    },
  }
}

export interface ImageSample {
  files: readonly string[]
  /** 1 for each record of the files that is read; records after its end are not. */
  selected: Uint8Array
  count: number
}

/** At most `limit` images of a range, evenly spread over it. */
export function sampleRange(range: RecordRange, limit: number): ImageSample {
  const { files, first, count } = range
  const isMember = range.selected ?? rangeMask(first, count)
  const taken = Math.min(limit, count)
  const selected = new Uint8Array(isMember.length)
  let [seen, chosen] = [0, 0]
  for (const [i, member] of isMember.entries()) {
    if (!member) continue
    // the position in the range at which the next one is due
    if (chosen < taken && seen === Math.floor((chosen * count) / taken)) {
      selected[i] = 1
      chosen++
    }
    seen++
  }
  return { files, selected, count: chosen }
}

function rangeMask(first: number, count: number): Uint8Array {
  const mask = new Uint8Array(first + count)
  return mask.fill(1, first)
}

export interface LabelledImages {
  pixels: Float32Array
  shape: readonly [n: number, h: number, w: number, c: number]
  labels: Int32Array
}

/** Reads a sample, batch by batch, in a session on `imageReaderProgram`. */
export function* readImages(
  session: Session,
  { files, selected, count }: ImageSample,
): Generator<LabelledImages> {
  session.run('start', {
    files: stringVector(files),
    selected: int32Vector(selected),
    count: selected.length,
  })
  for (let read = 0; read < count; ) {
    const outputs = session.run('next')
    const labels = outputs.ints('labels')
    const shape = outputs.get('pixels').shape as [number, number, number, number]
    yield { pixels: outputs.floats('pixels'), shape, labels }
    read += labels.length
  }
}
