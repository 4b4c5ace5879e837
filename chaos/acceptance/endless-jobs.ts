// Jobs that train until they are cancelled.
import type { BoostingJobRequest, NetworkJobRequest } from '../../src/spec/job.js'

export type Algorithm = 'network' | 'boosting'

/** Training options that both algorithms have. */
type CheckpointOptions = Pick<
  NetworkJobRequest['training'] & object,
  'checkpointEvery' | 'checkpointSeconds'
>

export const algorithms: readonly Algorithm[] = ['network', 'boosting']

export const endlessJob = (
  algorithm: Algorithm,
  name: string,
  training: CheckpointOptions,
): NetworkJobRequest | BoostingJobRequest =>
  algorithm === 'network'
    ? {
        name,
        model: { kind: 'resnet', blocks: 1, filters: 4 },
        dataset: 'digits',
        training: { steps: 10_000_000, batchSize: 16, ...training },
      }
    : {
        name,
        model: { kind: 'boosting', objective: 'multiclass', rounds: 100_000, maxDepth: 3 },
        dataset: 'digits-table',
        training: { target: 'target', ...training },
      }
