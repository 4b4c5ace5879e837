import { findGpus } from '../../src/engine/gpus.js'
import { cpuFlags, supportsBfloat16 } from '../../src/engine/processor.js'
import { TrainingFailure } from '../../src/errors.js'
import type { Precision } from '../../src/spec/training-options.js'

interface Machine {
  gpus: number
  /** Processor flags as in /proc/cpuinfo. */
  flags: readonly string[]
}

/** `precisionFor` this machine. fp32 needs no look at the hardware, which runs the slow `nvidia-smi`. */
export async function resolvePrecision(requested: Precision): Promise<Precision> {
  if (requested === 'fp32') return requested
  return precisionFor({ gpus: (await findGpus()).length, flags: cpuFlags() }, requested)
}

/**
 * The precision that an attempt computes in. If the machine would emulate bf16, the attempt uses fp32,
 * which is faster and more exact. Weights and checkpoints are fp32 in either case. Throws if fp16 is
 * requested without a GPU.
 */
export function precisionFor({ gpus, flags }: Machine, requested: Precision): Precision {
  if (requested === 'fp32' || gpus > 0) return requested
  if (requested === 'fp16') throw noGpu()
  return supportsBfloat16(flags) ? requested : 'fp32'
}

const noGpu = () =>
  new TrainingFailure('no_gpu', 'precision is fp16, but this machine has no GPU; use bf16 or fp32')
