import { readTensorBundle } from '../formats/tensor-bundle.js'
import type { WeightsTensor } from '../spec/weights.js'

/**
 * The tensors of the checkpoint with this file prefix, without their values; null if its index cannot be
 * read. A job verifies the files before it starts from them, and says what is wrong.
 */
export async function readTensors(prefix: string): Promise<WeightsTensor[] | null> {
  const bundle = await readTensorBundle(`${prefix}.index`).catch(() => null)
  return bundle?.tensors ?? null
}
