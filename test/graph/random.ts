import { mulberry32 } from '../../testing/random.js'

/** Pseudo-random numbers in [-1, 1), equal in every run. */
export function signedUniforms(seed: number): () => number {
  const uniform = mulberry32(seed)
  return () => 2 * uniform() - 1
}
