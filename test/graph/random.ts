import { uniforms } from '../../testing/random.js'

/** Numbers from -1 to 1 that are the same in every run. */
export function numbers(seed: number): () => number {
  const uniform = uniforms(seed)
  return () => 2 * uniform() - 1
}
