import { findGpus } from '../../src/engine/gpus.js'
import { cpuFlags, supportsBfloat16 } from '../../src/engine/processor.js'
import { TrainingFailure } from '../../src/errors.js'
import type { Precision } from '../../src/spec/training-options.js'

interface Machine {
  gpus: number
  /** As in /proc/cpuinfo. */
  flags: readonly string[]
}

/** On this machine, which is looked at only where that matters: `nvidia-smi` takes its time. */
export async function resolvePrecision(requested: Precision): Promise<Precision> {
  if (requested === 'fp32') return requested
  return precisionFor({ gpus: (await findGpus()).length, flags: cpuFlags() }, requested)
}

/**
 * What an attempt computes in. Whoever asks for bf16 asks for speed: where it would have to be imitated
 * it is fp32, which is faster and more exact; weights and checkpoints are fp32 in either.
 */
export function precisionFor({ gpus, flags }: Machine, requested: Precision): Precision {
  if (requested === 'fp32' || gpus > 0) return requested
  if (requested === 'fp16') throw noGpu()
  return supportsBfloat16(flags) ? requested : 'fp32'
}

const noGpu = () =>
  new TrainingFailure('no_gpu', 'precision is fp16, but this machine has no GPU; take bf16 or fp32')
