import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Gpu } from '../spec/worker.js'

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

const gpuFields = 'index,name,utilization.gpu,memory.used,memory.total'

/** What this machine's NVIDIA GPUs do at the moment; empty if nvidia-smi does not say. */
export async function readGpus(): Promise<Gpu[]> {
  const args = [`--query-gpu=${gpuFields}`, '--format=csv,noheader,nounits']
  try {
    return parseGpus((await promisify(execFile)('nvidia-smi', args, { timeout: 10_000 })).stdout)
  } catch {
    return [] // nvidia-smi is not installed or the driver does not answer
  }
}

/** One line for each GPU. A card answers `[N/A]` for what it does not measure. */
export function parseGpus(text: string): Gpu[] {
  return text
    .trim()
    .split('\n')
    .filter(line => /^\d+, /.test(line))
    .map(line => {
      const [index, name, utilization, used, total] = line.split(', ')
      return {
        index: Number(index),
        name: name!,
        utilization: numberOrNull(utilization, 0.01),
        usedBytes: numberOrNull(used, 2 ** 20),
        totalBytes: numberOrNull(total, 2 ** 20),
      }
    })
}

const numberOrNull = (text: string | undefined, unit: number): number | null =>
  text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) * unit : null

async function countByDriver(): Promise<number> {
  try {
    return (await readdir('/proc/driver/nvidia/gpus')).length
  } catch {
    return 0 // no driver
  }
}
