import type { BoostingObjective } from '../spec/boosting-options.js'
import type { RowsInput, RowValues } from '../spec/ipc-messages.js'
import { addOffsets, predictionsOf } from '../trees/offsets.js'
import type { Booster } from './booster.js'
import { InPlacePredictor, threadsFor } from './inplace-predict.js'
import { DMatrix } from './matrix.js'
import { linkOf } from './offset.js'
import type { Column } from './training-table.js'

/** Rows predicted in one call; each predictor has an input buffer of this size. */
const maxChunkRows = 1024

/** Predicts and explains rows of a table by a model. */
export class TreePredictor implements Disposable {
  private readonly inPlace: InPlacePredictor

  /** Takes the booster over. `threads`: see `threadsFor`. */
  constructor(
    private readonly booster: Booster,
    private readonly columns: readonly Column[],
    private readonly objective: BoostingObjective,
    private readonly threads: number,
  ) {
    this.inPlace = new InPlacePredictor(booster, maxChunkRows, threads)
  }

  predict(input: RowsInput): RowValues {
    const { offsets } = input
    return offsets
      ? withOffsets(this.predictRows(input, 'margin'), offsets, this.objective)
      : this.predictRows(input, 'value')
  }

  private predictRows({ rows, count, explain }: RowsInput, kind: 'value' | 'margin'): RowValues {
    const values = this.predictInChunks(rows, count, kind)
    const outputs = values.length / count
    if (!explain) return { values, outputs, explanations: null }
    const margins = kind === 'margin' ? values : this.predictInChunks(rows, count, 'margin')
    using matrix = DMatrix.fromDense(rows, count, threadsFor(count, this.threads))
    matrix.setFeatureInfo(this.columns)
    const contributions = this.booster.predict(matrix, 'contributions').values
    const explanations = { margins, contributions }
    if (this.objective === 'quantile') sortExplanations(explanations, outputs)
    return { values, outputs, explanations }
  }

  private predictInChunks(rows: Float32Array, count: number, kind: 'value' | 'margin') {
    const width = rows.length / count
    const chunks: Float32Array[] = []
    for (let start = 0; start < count; start += maxChunkRows) {
      const chunkRows = Math.min(maxChunkRows, count - start)
      this.inPlace.input.set(rows.subarray(start * width, (start + chunkRows) * width))
      chunks.push(this.inPlace.predict(chunkRows, kind))
    }
    return chunks.length === 1 ? chunks[0]! : concat(chunks)
  }

  [Symbol.dispose](): void {
    this.booster.free()
  }
}

/** Adds the offset of each row to its margin, for an objective with one output. */
function withOffsets(
  { values: margins, outputs, explanations }: RowValues,
  offsets: Float32Array,
  objective: BoostingObjective,
): RowValues {
  const shifted = addOffsets(margins, offsets)
  const values = predictionsOf(shifted, linkOf(objective))
  if (!explanations) return { values, outputs, explanations }
  const { contributions } = explanations
  const width = contributions.length / offsets.length
  // the last one is the bias
  for (const [row, offset] of offsets.entries()) contributions[(row + 1) * width - 1]! += offset
  return { values, outputs, explanations: { margins: shifted, contributions } }
}

/**
 * The trees of a higher quantile may predict less than those of a lower one. XGBoost sorts the values
 * of each row, but not the margins and contributions. This sorts them like the values, so that each
 * explanation belongs to the value at its index.
 */
function sortExplanations(
  { margins, contributions }: NonNullable<RowValues['explanations']>,
  outputs: number,
): void {
  const width = contributions.length / margins.length
  for (let first = 0; first < margins.length; first += outputs) {
    const order = Array.from({ length: outputs }, (_, output) => first + output)
    order.sort((a, b) => margins[a]! - margins[b]!)
    if (order.every((from, output) => from === first + output)) continue
    const sortedMargins = order.map(from => margins[from]!)
    const sortedContributions = order.map(from =>
      contributions.slice(from * width, (from + 1) * width),
    )
    margins.set(sortedMargins, first)
    for (const [output, values] of sortedContributions.entries())
      contributions.set(values, (first + output) * width)
  }
}

function concat(chunks: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    all.set(chunk, offset)
    offset += chunk.length
  }
  return all
}
