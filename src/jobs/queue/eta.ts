import type { JobManifest } from '../../spec/job.js'
import type { JobRecord } from '../record/records.js'
import type { LiveState } from './live-state.js'

/**
 * Estimates the seconds until training ends (ETA) from the current throughput. Null if it is
 * unknown.
 */
export function etaSeconds(
  { manifest }: Pick<JobRecord, 'manifest'>,
  { step, metrics }: Pick<LiveState, 'step' | 'metrics'>,
): number | null {
  const { training } = manifest
  const examplesPerSecond = Number(metrics.examplesPerSecond)
  return examplesPerSecond
    ? Math.round(((training.steps - step) * examplesPerStep(training)) / examplesPerSecond)
    : null
}

/** A boosting round reads every row. */
const examplesPerStep = (plan: JobManifest['training']) =>
  'rows' in plan ? plan.rows : plan.batchSize * plan.accumulateSteps
