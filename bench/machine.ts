import { execFileSync } from 'node:child_process'
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuFlags } from '../src/engine/processor.js'

/** The properties of a machine that results depend on, without its name. */
export interface Machine {
  cpu: string
  cores: number
  architecture: string
  /** Instruction set extensions that the native kernels use. */
  instructions: string[]
  memoryGb: number
  gpus: string[]
  node: string
  loadAverage: number
  /** Share of the cores, from 0 to 1, that other processes used in the second before the bench. */
  busy: number
}

export async function describeMachine(): Promise<Machine> {
  const load = new LoadMonitor()
  await load.wait(1000)
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    architecture: `${platform()}-${arch()}`,
    instructions: cpuFlags().filter(flag => relevantFlags.test(flag)),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    gpus: gpus(),
    node: process.versions.node,
    loadAverage: loadavg()[0]!,
    busy: load.busy,
  }
}

/** A label for file names, such as "amd-epyc-2-cores". */
export const labelOf = ({ cpu, cores, gpus: [gpu] }: Machine): string =>
  `${gpu ?? cpu} ${gpu ? '' : `${cores} cores`}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')

const relevantFlags = /^(avx2|fma|avx512f|avx512_(bf16|vnni|fp16)|avx_vnni|amx_\w+|bf16|sve2?)$/

function gpus(): string[] {
  try {
    const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader']
    return execFileSync('nvidia-smi', query, { encoding: 'utf8' }).trim().split('\n')
  } catch {
    // no driver
    return []
  }
}

/** Measures the load of other processes during pauses of a bench. */
export class LoadMonitor {
  private idle = 0
  private all = 0

  async wait(ms: number): Promise<void> {
    const before = coreTimes()
    await sleep(ms)
    const after = coreTimes()
    this.idle += after.idle - before.idle
    this.all += after.all - before.all
  }

  /** Share of the cores, from 0 to 1, that were busy during all waits. */
  get busy(): number {
    return this.all > 0 ? 1 - this.idle / this.all : 0
  }
}

function coreTimes() {
  const times = cpus().map(core => core.times)
  const idle = times.reduce((sum, each) => sum + each.idle, 0)
  const all = times.flatMap(each => Object.values(each)).reduce((sum, each) => sum + each, 0)
  return { idle, all }
}
