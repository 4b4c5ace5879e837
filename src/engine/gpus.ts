import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Indices of this machine's NVIDIA GPUs, for CUDA_VISIBLE_DEVICES. */
export async function findGpus(): Promise<number[]> {
  const count = (await countBySmi()) ?? (await countByDriver())
  return Array.from({ length: count }, (_, index) => index)
}

async function countBySmi(): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', ['-L'], { timeout: 10_000 })
    return countGpuLines(stdout)
  } catch {
    return undefined // nvidia-smi is not installed or finds no driver
  }
}

/** `nvidia-smi -L` prints one line for each GPU, and the slices of a MIG card indented below it. */
export const countGpuLines = (text: string): number => text.match(/^GPU \d+:/gm)?.length ?? 0

async function countByDriver(): Promise<number> {
  try {
    return (await readdir('/proc/driver/nvidia/gpus')).length
  } catch {
    return 0 // no driver
  }
}
