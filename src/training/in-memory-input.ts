// All images in one variable, decoded once. A batch is a matter of its number and the seed, so
// there is nothing to save.
import type { Tensor } from '../graph/graph.js'
import { check } from '../graph/graph-error.js'
import { reshape, shapeOf, stackTensors } from '../graph/ops/array.js'
import { constant, placeholder, scalar } from '../graph/ops/constant.js'
import { identity } from '../graph/ops/control.js'
import * as data from '../graph/ops/dataset.js'
import { gather } from '../graph/ops/gather.js'
import { iterator, next, startIterator } from '../graph/ops/iterator.js'
import { add, cast, floorDiv, floorMod, minimum, mul } from '../graph/ops/math.js'
import { assignRows, empty, range, readRows } from '../graph/ops/rows.js'
import { orderKey, shuffledIndex } from '../graph/ops/shuffle.js'
import { assign, assignAdd, read, variable } from '../graph/ops/state.js'
import type { Session } from '../graph/session.js'
import { sizeOf } from '../graph/shape.js'
import { decodedBatches } from './decode-pipeline.js'
import { done } from './done.js'
import type { Input, InputOptions, RecordCounts } from './input-pipeline.js'
import { type Records, strings } from './record-range.js'

/** Of pixels that are on their way into the variable at a time. */
const chunkBytes = 8 * 2 ** 20

/** The training records come first in the variables, then those held out. */
export function residentInput(
  { graph, images, plan, seed }: InputOptions,
  { training, validation }: RecordCounts,
): Input {
  const { batchSize } = plan
  const total = training + validation
  check(training > 0, 'resident input: say how many records there are to train on')
  const size = [images.height, images.width, images.channels]
  const pixels = variable(graph, 'resident/pixels', [total, ...size], 'uint8')
  const labels = variable(graph, 'resident/labels', [total], 'int32')
  const keptSeed = variable(graph, 'resident/seed', [], 'int32')
  const place = variable(graph, 'resident/evaluated', [], 'int32')

  const files = placeholder(graph, 'files', 'string', [-1])
  const first = placeholder(graph, 'first', 'int32')
  const count = placeholder(graph, 'count', 'int32')
  const stretch = data.take(data.skip(data.tfRecords(files), first), count)
  const chunk = Math.max(1, Math.floor(chunkBytes / sizeOf(size)))
  const chunks = decodedBatches('fill', stretch, images, {
    batchSize: chunk,
    dropRemainder: false,
  })
  const source = iterator(graph, 'resident/source', chunks.element)

  const signatures = graph.within('resident', () => {
    const at = placeholder(graph, 'at', 'int32')
    const [newPixels, newLabels] = next(source)
    const rows = reshape(shapeOf(newLabels!), [])
    const indices = range(at, add(at, rows))
    const filled = [
      assignRows(pixels, indices, newPixels!),
      assignRows(labels, indices, newLabels!),
    ]
    const begun = [
      assign(pixels, empty(graph, pixels.shape, 'uint8')),
      assign(labels, empty(graph, labels.shape, 'int32')),
      assign(keptSeed, seed),
    ]
    const evaluationBegun = assign(place, scalar(graph, training, 'int32'))
    return {
      start: { inputs: { seed }, outputs: done(graph, 'begun', begun) },
      open: {
        inputs: { files, first, count },
        outputs: done(graph, 'opened', [startIterator(source, chunks)]),
      },
      fill: { inputs: { at }, outputs: { rows: identity(rows, { after: filled }) } },
      startEvaluation: {
        inputs: {},
        outputs: done(graph, 'evaluation_begun', [evaluationBegun]),
      },
    }
  })

  const rowsAt = (indices: Tensor) => [readRows(pixels, indices), readRows(labels, indices)]
  return {
    signatures,
    training: before => rowsAt(shuffledRows(before, keptSeed.value, training, batchSize)),
    evaluation() {
      const from = read(place)
      const moved = assignAdd(place, scalar(graph, batchSize, 'int32'), { after: [from] })
      return rowsAt(range(from, identity(minimum(add(from, batchSize), total), { after: [moved] })))
    },
    save: () => [],
    restore: () => [],
  }
}

/**
 * Rows of the batch behind `before` others. Epochs follow each other without a gap: each is an order
 * of its own of all records, and a batch may take the end of one and the beginning of the next.
 */
function shuffledRows(before: Tensor, seed: Tensor, records: number, batchSize: number): Tensor {
  const { graph } = before.node
  const start = mul(cast(before, 'int64'), batchSize)
  const epoch = cast(floorDiv(start, records), 'int32')
  const offsets = constant(graph, [...Array(batchSize).keys()], { dtype: 'int32' })
  const positions = add(cast(floorMod(start, records), 'int32'), offsets)
  const touched = Math.ceil(batchSize / records) + 1
  const keys = Array.from({ length: touched }, (_, i) => orderKey(seed, add(epoch, i)))
  const keyed = gather(stackTensors(keys), floorDiv(positions, records))
  return shuffledIndex(floorMod(positions, records), keyed, records)
}

/** Reads and decodes all records, a chunk at a time. */
export function fillResident(
  session: Session,
  training: Records,
  validation: Records,
  seed: number,
): void {
  session.run('start', { seed })
  let filled = 0
  for (const { files, first, count } of [training, validation]) {
    const end = filled + count
    if (count > 0) session.run('open', { files: strings(files), first, count })
    while (filled < end) filled += session.run('fill', { at: filled }).number('rows')
  }
}
