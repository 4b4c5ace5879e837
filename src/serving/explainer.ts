import { availableParallelism } from 'node:os'
import { engineEnvironment } from '../engine/environment.js'
import { KeptChild } from '../ipc/kept-child.js'
import type { ImageExplanationAnswer, ImageExplanationTask } from '../spec/ipc-messages.js'
import { cancelledError, toPredictorError } from './errors.js'

/** The process that explains what networks predict. It starts with the first task, and ends when it has had none for a minute. */
export interface Explainer {
  /**
   * Throws PREDICTOR_BUSY, PREDICTOR_TIMEOUT, PREDICTOR_RESTARTED, UNDECODABLE_IMAGE, NOT_EXPLAINABLE, or
   * PREDICTION_CANCELLED if `signal` is aborted while the task waits.
   */
  explain(task: ImageExplanationTask, signal?: AbortSignal): Promise<ImageExplanationAnswer>
  close(): Promise<void>
}

export interface ExplainerOptions {
  script: string
  env: NodeJS.ProcessEnv
  /** Processor cores that it uses; null: all. */
  threads: number | null
  /** The longest time of one task. Default: 60,000. */
  timeoutMs?: number
}

export function openExplainer({
  script,
  env,
  threads,
  timeoutMs = 60_000,
}: ExplainerOptions): Explainer {
  const cores = threads ?? availableParallelism()
  const child = new KeptChild<ImageExplanationTask, ImageExplanationAnswer>({
    name: 'explainer',
    script,
    // no GPU: jobs and predictors share their memory
    env: { ...env, ...engineEnvironment({ cores, gpus: '' }) },
    timeoutMs,
    idleMs: 60_000,
    maxWaiting: 8,
  })
  return {
    explain: (task, signal) =>
      child.ask(task, signal).catch(error => {
        throw signal?.aborted ? cancelledError() : toPredictorError(error)
      }),
    close: () => child.close(),
  }
}
