import { findGpus } from '../../src/engine/gpus.js'
import { computesBfloat16, processorFlags } from '../../src/engine/processor.js'
import { TrainyardError } from '../../src/errors.js'
import type { Precision } from '../../src/spec/training-options.js'

interface Machine {
  gpus: number
  /** As in /proc/cpuinfo. */
  flags: readonly string[]
}

/** On this machine, which is looked at only where that matters: `nvidia-smi` takes its time. */
export async function precisionHere(asked: Precision): Promise<Precision> {
  if (asked === 'fp32') return asked
  return precisionOn({ gpus: (await findGpus()).length, flags: processorFlags() }, asked)
}

/**
 * What an attempt computes in. Whoever asks for bf16 asks for speed: where it would have to be imitated
 * it is fp32, which is faster and more exact; weights and checkpoints are fp32 in either.
 */
export function precisionOn({ gpus, flags }: Machine, asked: Precision): Precision {
  if (asked === 'fp32' || gpus > 0) return asked
  if (asked === 'fp16') throw noGpu()
  return computesBfloat16(flags) ? asked : 'fp32'
}

const noGpu = () =>
  new TrainyardError(
    'no_gpu',
    'invalid',
    'precision is fp16, but this machine has no GPU; take bf16 or fp32',
  )
