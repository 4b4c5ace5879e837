import { join } from 'node:path'
import { engineEnvironment } from '../src/engine/environment.js'
import { root } from './paths.js'
import type { Program } from './subject.js'

/**
 * The same threads, allocator and kernels as ours have, also where TensorFlow would not take oneDNN's by
 * itself; but no peer need give the same bytes twice, and how its threads wait is its own affair.
 */
export function peerEnvironment(threads: number): Record<string, string> {
  const { TF_DETERMINISTIC_OPS, OMP_WAIT_POLICY, GOMP_SPINCOUNT, ...shared } = engineEnvironment({
    cores: threads,
  })
  return shared
}

/** A script that finds the bench's side of the conversation. */
export const pythonProgram = (
  command: string,
  args: readonly string[],
  threads: number,
): Program => ({
  command,
  // -B: no __pycache__ in the checkout
  args: ['-B', ...args],
  env: { ...peerEnvironment(threads), PYTHONPATH: join(root, 'bench', 'python') },
})
