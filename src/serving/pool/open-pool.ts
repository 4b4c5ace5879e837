import { availableParallelism } from 'node:os'
import { engineEnvironment, servingEnvironment } from '../../engine/environment.js'
import { findGpus } from '../../engine/gpus.js'
import { machineMemory } from '../../engine/machine-memory.js'
import { PredictorPool } from './pool.js'
import type { PoolOptions } from './pool-options.js'

export interface PoolShape {
  /** null: one for each GPU, or without GPUs one for each eight cores. */
  predictors: number | null
  /** Of each process; null: the cores divided among them. */
  threads: number | null
}

export interface PoolSettings extends Omit<PoolOptions, 'environments' | 'memoryBytes'>, PoolShape {
  env: NodeJS.ProcessEnv
  /** null: a quarter of the machine's. */
  memoryBytes: number | null
}

/** Opens a pool for this machine. */
export async function openPool(settings: PoolSettings): Promise<PredictorPool> {
  const { env, predictors, threads, memoryBytes, ...options } = settings
  const machine = { cores: availableParallelism(), gpus: await findGpus() }
  return new PredictorPool({
    ...options,
    environments: poolEnvironments({ predictors, threads }, machine, env),
    memoryBytes: memoryBytes ?? machineMemory() / 4,
  })
}

/**
 * Cores that one process uses. With one process for all cores, a single client has them all, and models are
 * in memory once; docs/decisions.md has what was measured.
 */
const coresOfProcess = 8

/** The environment of each predictor process: its GPU, and its share of the processor. */
export function poolEnvironments(
  { predictors, threads }: PoolShape,
  { cores, gpus }: { cores: number; gpus: readonly number[] },
  env: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv[] {
  const count = predictors ?? (gpus.length || Math.ceil(cores / coresOfProcess))
  const share = threads ?? Math.max(1, Math.floor(cores / count))
  return Array.from({ length: count }, (_, index) => ({
    ...env,
    ...servingEnvironment,
    ...engineEnvironment({
      cores: share,
      ...(gpus.length > 0 && { gpus: String(gpus[index % gpus.length]) }),
    }),
  }))
}
