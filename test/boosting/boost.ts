import { createHash } from 'node:crypto'
import {
  type BoostingHooks,
  type BoostingInput,
  type BoostingResult,
  exportBoosting,
  trainBoosting,
} from '../../src/boosting/train.js'
import {
  type ResolvedBoostingOptions,
  resolveBoostingOptions,
} from '../../src/spec/boosting-options.js'
import type { MetricRow } from '../../src/spec/metrics.js'

interface BoostRun extends BoostingResult {
  rows: MetricRow[]
  /** Bytes of the last checkpoint. */
  checkpoint: Uint8Array
  checkpoints: { round: number; best: boolean }[]
  phases: string[]
}

/** Runs `trainBoosting` and records its output. It stops after `stopAfter` rounds of this run. */
export async function boost(
  input: Partial<BoostingInput> & Pick<BoostingInput, 'model' | 'training'>,
  {
    stopAfter = Number.POSITIVE_INFINITY,
    ...hooks
  }: Partial<BoostingHooks> & { stopAfter?: number } = {},
): Promise<BoostRun> {
  const rows: MetricRow[] = []
  const checkpoints: BoostRun['checkpoints'] = []
  const phases: string[] = []
  let checkpoint = new Uint8Array()
  let continueCalls = 0
  const result = await trainBoosting(
    {
      classes: null,
      labels: [],
      exportBest: true,
      seed: 1,
      validation: null,
      earlyStopping: null,
      logEvery: 1,
      checkpointInterval: { steps: 1_000_000, seconds: null },
      resume: null,
      device: 'cpu',
      threads: 1,
      ...input,
    },
    {
      phase: (phase, round) => phases.push(`${phase} ${round}`),
      row: async row => {
        rows.push(row)
      },
      checkpoint: async (round, bytes, best) => {
        checkpoints.push({ round, best })
        checkpoint = new Uint8Array(bytes)
      },
      shouldContinue: async () => ++continueCalls < stopAfter,
      ...hooks,
    },
  )
  return { ...result, rows, checkpoint, checkpoints, phases }
}

export const boostingOptions = (
  options: Omit<Parameters<typeof resolveBoostingOptions>[0], 'kind'> = {},
): ResolvedBoostingOptions =>
  resolveBoostingOptions({ kind: 'boosting', ...options }, options.objective ?? 'regression')

/** Hash of a checkpoint's model, as UBJSON. */
export const modelHash = (checkpoint: Uint8Array): string =>
  createHash('sha256').update(exportBoosting(checkpoint, 'ubj')).digest('hex')
