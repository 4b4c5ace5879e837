import { mulberry32 } from '../../testing/random.js'

/** Numbers from -1 to 1 that are the same in every run. */
export function signedUniforms(seed: number): () => number {
  const uniform = mulberry32(seed)
  return () => 2 * uniform() - 1
}
