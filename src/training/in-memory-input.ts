// In-memory input: one variable holds all images, decoded once. A batch is a function of its index
// and the seed, so a checkpoint holds nothing of this input.

import { effectOutputs } from '../graph/effect-outputs.js'
import type { Tensor } from '../graph/graph.js'
import { check } from '../graph/graph-error.js'
import { reshape, shapeOf, stackTensors } from '../graph/ops/array.js'
import { constant, empty, placeholder, scalar } from '../graph/ops/constant.js'
import { identity } from '../graph/ops/control.js'
import * as data from '../graph/ops/dataset.js'
import { gather } from '../graph/ops/gather.js'
import { iterator, next, startIterator } from '../graph/ops/iterator.js'
import { add, cast, floorDiv, floorMod, minimum, mul } from '../graph/ops/math.js'
import { assignRows, range, readRows } from '../graph/ops/rows.js'
import { shuffledIndex, shuffleKey } from '../graph/ops/shuffle.js'
import { assign, assignAdd, read, variable } from '../graph/ops/state.js'
import type { Session } from '../graph/session.js'
import { sizeOf } from '../graph/shape.js'
import { decodePipeline } from './decode-pipeline.js'
import type { ImageFormat } from './images.js'
import {
  type InputPipeline,
  type InputPipelineOptions,
  microBatchSize,
  type RecordCounts,
} from './input-pipeline.js'
import { type RecordRange, stringVector } from './record-range.js'

/** Size of the chunks in which pixels are decoded into the variable. */
const chunkBytes = 8 * 2 ** 20

/** In the variables, the training records come first, then the validation records. */
export function inMemoryInput(
  { graph, images, validationImages = images, plan, seed }: InputPipelineOptions,
  { training, validation }: RecordCounts,
): InputPipeline {
  const { batchSize } = plan
  const total = training + validation
  check(training > 0, 'in-memory input: say how many records there are to train on')
  const size = [images.height, images.width, images.channels]
  const pixels = variable(graph, 'in_memory/pixels', [total, ...size], 'uint8')
  const labels = variable(graph, 'in_memory/labels', [total], 'int32')
  /** The row of each record, in the order in which they are read. */
  const rowsByRecord = variable(graph, 'in_memory/rows', [total], 'int32')
  const shuffleSeed = variable(graph, 'in_memory/seed', [], 'int32')
  const evaluationCursor = variable(graph, 'in_memory/evaluated', [], 'int32')

  const files = placeholder(graph, 'files', 'string', [-1])
  const first = placeholder(graph, 'first', 'int32')
  const count = placeholder(graph, 'count', 'int32')
  const recordRange = data.take(data.skip(data.tfRecords(files), first), count)
  const chunkRecords = Math.max(1, Math.floor(chunkBytes / sizeOf(size)))
  /** Signatures that decode records into the variables: `open`, then `fill` for each chunk. */
  const loader = (name: string, format: ImageFormat) => {
    const batching = { batchSize: chunkRecords, dropRemainder: false }
    const chunks = decodePipeline(`${name}_fill`, recordRange, format, batching)
    const source = iterator(graph, `${name}/source`, chunks.element)
    return graph.nameScope(name, () => {
      const at = placeholder(graph, 'at', 'int32')
      const [newPixels, newLabels] = next(source)
      const rows = reshape(shapeOf(newLabels!), [])
      const indices = readRows(rowsByRecord, range(at, add(at, rows)))
      const fillEffects = [
        assignRows(pixels, indices, newPixels!),
        assignRows(labels, indices, newLabels!),
      ]
      return {
        open: {
          inputs: { files, first, count },
          outputs: effectOutputs(graph, 'opened', [startIterator(source, chunks)]),
        },
        fill: { inputs: { at }, outputs: { rows: identity(rows, { controlInputs: fillEffects }) } },
      }
    })
  }
  const trainingLoader = loader('in_memory', images)
  const validationLoader =
    validationImages.encoding === images.encoding
      ? trainingLoader
      : loader('in_memory_validation', validationImages)

  const signatures = graph.nameScope('in_memory', () => {
    const newRows = placeholder(graph, 'new_rows', 'int32', [total])
    const startEffects = [
      assign(pixels, empty(graph, pixels.shape, 'uint8')),
      assign(labels, empty(graph, labels.shape, 'int32')),
      assign(shuffleSeed, seed),
      assign(rowsByRecord, newRows),
    ]
    const resetCursor = assign(evaluationCursor, scalar(graph, training, 'int32'))
    return {
      start: {
        inputs: { seed, rows: newRows },
        outputs: effectOutputs(graph, 'started', startEffects),
      },
      open: trainingLoader.open,
      fill: trainingLoader.fill,
      openValidation: validationLoader.open,
      fillValidation: validationLoader.fill,
      startEvaluation: {
        inputs: {},
        outputs: effectOutputs(graph, 'evaluation_started', [resetCursor]),
      },
    }
  })

  const rowsAt = (indices: Tensor) => [readRows(pixels, indices), readRows(labels, indices)]
  return {
    signatures,
    training: batchIndex =>
      rowsAt(shuffledRows(batchIndex, shuffleSeed.value, training, microBatchSize(plan))),
    evaluation() {
      const from = read(evaluationCursor)
      const advanceCursor = assignAdd(evaluationCursor, scalar(graph, batchSize, 'int32'), {
        controlInputs: [from],
      })
      return rowsAt(
        range(
          from,
          identity(minimum(add(from, batchSize), total), { controlInputs: [advanceCursor] }),
        ),
      )
    },
    save: () => [],
    restore: () => [],
  }
}

/**
 * The rows of a batch. Each epoch has its own order of all records. A batch may contain the end of
 * one epoch and the start of the next.
 */
function shuffledRows(
  batchIndex: Tensor,
  seed: Tensor,
  records: number,
  batchSize: number,
): Tensor {
  const { graph } = batchIndex.node
  const start = mul(cast(batchIndex, 'int64'), batchSize)
  const epoch = cast(floorDiv(start, records), 'int32')
  const offsets = constant(graph, [...Array(batchSize).keys()], { dtype: 'int32' })
  const positions = add(cast(floorMod(start, records), 'int32'), offsets)
  const epochsSpanned = Math.ceil(batchSize / records) + 1
  const keys = Array.from({ length: epochsSpanned }, (_, i) => shuffleKey(seed, add(epoch, i)))
  const rowKeys = gather(stackTensors(keys), floorDiv(positions, records))
  return shuffledIndex(floorMod(positions, records), rowKeys, records)
}

/** The row of each record: all to train on come first, then those to validate on, in their order. */
function rowsOf(training: RecordRange, validation: RecordRange): Int32Array {
  const { selected } = training
  const total = training.count + validation.count
  if (!selected) return Int32Array.from({ length: total }, (_, record) => record)
  let [nextTraining, nextValidation] = [0, training.count]
  return Int32Array.from(selected, isTraining => (isTraining ? nextTraining++ : nextValidation++))
}

/** Reads and decodes all records into the session's variables, chunk by chunk. */
export function loadInMemory(
  session: Session,
  training: RecordRange,
  validation: RecordRange,
  seed: number,
): void {
  const rows = rowsOf(training, validation)
  session.run('start', { seed, rows: { data: rows, shape: [rows.length] } })
  const { files, selected } = training
  // both parts of a split by class are read in one pass
  const parts = selected
    ? ([[{ files, first: 0, count: selected.length }, 'open', 'fill']] as const)
    : ([
        [training, 'open', 'fill'],
        [validation, 'openValidation', 'fillValidation'],
      ] as const)
  let filled = 0
  for (const [part, open, fill] of parts) {
    const { first, count } = part
    const end = filled + count
    if (count > 0) session.run(open, { files: stringVector(part.files), first, count })
    while (filled < end) filled += session.run(fill, { at: filled }).number('rows')
  }
}
