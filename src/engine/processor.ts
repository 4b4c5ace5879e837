import { readFileSync } from 'node:fs'

/** What the processor can do, in the words of /proc/cpuinfo; nothing where there is no such file. */
export function cpuFlags(): string[] {
  try {
    return parseCpuFlags(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    return [] // not Linux
  }
}

/** x86 calls them flags, ARM features. */
export function parseCpuFlags(cpuinfo: string): string[] {
  const [, flags = ''] = cpuinfo.match(/^(?:flags|Features)\s*: (.*)$/m) ?? []
  return flags.split(' ')
}

const bfloat16Flags = new Set(['avx512_bf16', 'amx_bf16', 'avx_ne_convert', 'bf16'])

/** Whether it has instructions for bfloat16; without, a step takes ten times as long as in float32. */
export const supportsBfloat16 = (flags: readonly string[]): boolean =>
  flags.some(flag => bfloat16Flags.has(flag))
