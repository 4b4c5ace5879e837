import { join } from 'node:path'
import { engineEnvironment } from '../src/engine/environment.js'
import { root } from './paths.js'
import type { Program } from './subject.js'

/**
 * The environment of a peer: the same threads, allocator and oneDNN kernels as Trainyard's. Without the
 * settings for deterministic results and for waiting threads, where a peer keeps its defaults.
 */
export function peerEnvironment(threads: number): Record<string, string> {
  const { TF_DETERMINISTIC_OPS, OMP_WAIT_POLICY, GOMP_SPINCOUNT, ...shared } = engineEnvironment({
    cores: threads,
  })
  return shared
}

/** A Python script that can import bench/python/subject_protocol.py. */
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
