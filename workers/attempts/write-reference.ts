import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelManifest } from '../../src/spec/model.js'
import type { Reference } from '../../src/spec/model-watch.js'
import { referencePart } from '../../src/watching/bins.js'
import { referenceFile } from '../../src/watching/reference.js'
import { scoreColumns, scoreTable } from '../../src/watching/scores.js'

/** Answers to a sample of a part of the data set. */
export interface SampledScores {
  part: 'training' | 'validation'
  of: number
  values: Float32Array
  outputs: number
}

/** Puts what a version saw in training beside it, for `GET /models/:id/drift`. */
export async function writeReference(
  folder: string,
  model: Pick<ModelManifest, 'model' | 'labels'>,
  inputs: Reference['inputs'],
  { part, of, values, outputs }: SampledScores,
): Promise<void> {
  const table = { ...scoreTable(model, values, outputs), columns: scoreColumns(model) }
  const reference: Reference = { format: 1, inputs, scores: referencePart(part, of, table) }
  await writeFile(join(folder, referenceFile), JSON.stringify(reference))
}
