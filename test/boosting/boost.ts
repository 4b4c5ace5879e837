import { createHash } from 'node:crypto'
import {
  type Boosted,
  type BoostingHooks,
  type BoostingInput,
  exportBoosting,
  trainBoosting,
} from '../../src/boosting/train.js'
import { type Boosting, chooseBoosting } from '../../src/spec/boosting-options.js'
import type { MetricRow } from '../../src/spec/metrics.js'

interface Run extends Boosted {
  rows: MetricRow[]
  /** The last one. */
  checkpoint: Uint8Array
  checkpoints: { round: number; best: boolean }[]
  phases: string[]
}

/** `trainBoosting` with quiet surroundings; `stopAfter` rounds of this run goOn says no. */
export async function boost(
  input: Partial<BoostingInput> & Pick<BoostingInput, 'model' | 'training'>,
  {
    stopAfter = Number.POSITIVE_INFINITY,
    ...hooks
  }: Partial<BoostingHooks> & { stopAfter?: number } = {},
): Promise<Run> {
  const rows: MetricRow[] = []
  const checkpoints: Run['checkpoints'] = []
  const phases: string[] = []
  let checkpoint = new Uint8Array()
  let asked = 0
  const result = await trainBoosting(
    {
      classes: null,
      seed: 1,
      validation: null,
      earlyStopping: null,
      displayEvery: 1,
      snapshots: { every: 1_000_000, seconds: null },
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
      goOn: async () => ++asked < stopAfter,
      ...hooks,
    },
  )
  return { ...result, rows, checkpoint, checkpoints, phases }
}

export const boosting = (
  options: Omit<Parameters<typeof chooseBoosting>[0], 'kind'> = {},
): Boosting => chooseBoosting({ kind: 'boosting', ...options }, options.objective ?? 'regression')

/** Of the model that a checkpoint holds, as UBJ. */
export const modelHash = (checkpoint: Uint8Array): string =>
  createHash('sha256').update(exportBoosting(checkpoint, 'ubj')).digest('hex')
