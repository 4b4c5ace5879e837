import { loadTrainingOps } from '../../src/engine/native-ops.js'
import type { TrainingKernels } from '../../src/spec/training-kernels.js'
import type { Precision } from '../../src/spec/training-options.js'

interface Situation {
  /** `auto`: Trainyard's own kernels where they run. */
  setting: 'auto' | 'stock'
  engine: 'cpu' | 'cuda'
  precision: Precision
  /** Whether the attempt goes on from a checkpoint. */
  resumes: boolean
  /** The choice of the job's first attempt, which `proposed` becomes if there is none yet. */
  agree(proposed: TrainingKernels): Promise<TrainingKernels>
}

/**
 * Whose kernels an attempt runs: those of the job's first attempt, so that it computes the same bytes. Where that
 * cannot be, `warning` says so.
 */
export async function resolveTrainingKernels(
  { setting, engine, precision, resumes, agree }: Situation,
  load = loadTrainingOps,
): Promise<{ kernels: TrainingKernels; warning: string | null }> {
  const isPossible = engine === 'cpu' && precision !== 'fp16'
  const available = isPossible && setting !== 'stock' && load()
  // jobs of older versions began with TensorFlow's kernels, and agreed on nothing
  const agreed = await agree(available && !resumes ? 'own' : 'stock')
  if (agreed === 'stock' || available) return { kernels: agreed, warning: null }
  const reason = isPossible
    ? setting === 'stock'
      ? 'TRAINYARD_TRAINING_KERNELS is stock'
      : 'this machine does not have them (`npm run setup` compiles them)'
    : `they do not run ${engine === 'cuda' ? 'on a GPU' : `in ${precision}`}`
  return {
    kernels: 'stock',
    warning: `this job began with Trainyard's own kernels, but ${reason}: from here on it computes with TensorFlow's, and its weights differ in their last digits from those that it would have had`,
  }
}
