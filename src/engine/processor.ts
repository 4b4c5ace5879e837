import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** What measurements of one machine hold for: those of other machines with the same are alike. */
export const processorType = (): readonly (string | undefined)[] => [
  process.platform,
  process.arch,
  cpus()[0]?.model,
]

/** The processor's feature flags as in /proc/cpuinfo; none if there is no such file. */
export function cpuFlags(): string[] {
  try {
    return parseCpuFlags(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    return [] // not Linux
  }
}

/** The line is named `flags` on x86 and `Features` on ARM. */
export function parseCpuFlags(cpuinfo: string): string[] {
  const [, flags = ''] = cpuinfo.match(/^(?:flags|Features)\s*: (.*)$/m) ?? []
  return flags.split(' ')
}

/** Whether our own kernels of a training step (native/passes.h) are compiled for the processor. */
export const runsNativeTraining = (
  arch: string = process.arch,
  flags: readonly string[] = cpuFlags(),
): boolean => arch !== 'x64' || ['avx2', 'fma'].every(flag => flags.includes(flag))

const bfloat16Flags = new Set(['avx512_bf16', 'amx_bf16', 'avx_ne_convert', 'bf16'])

/** True if the processor has bfloat16 instructions. Without them a step takes ten times as long as in float32. */
export const supportsBfloat16 = (flags: readonly string[]): boolean =>
  flags.some(flag => bfloat16Flags.has(flag))
