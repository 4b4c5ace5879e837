import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { Check } from 'typebox/value'
import { MeasuredKernels } from '../spec/conv-kernels.js'
import { installedFolder } from './installation.js'
import { cpuFlags, processorType } from './processor.js'

/**
 * What was measured of convolutions on this type of machine, beside the engine: a file for each shape. Machines of
 * one type have the same processor, threads and TensorFlow.
 */
export class KernelCache {
  constructor(readonly folder: string) {}

  /** That of this machine. */
  static open({ tensorflow, threads }: { tensorflow: string; threads: number }): KernelCache {
    const machine = [...processorType(), availableParallelism(), ...cpuFlags(), tensorflow, threads]
    return new KernelCache(join(installedFolder(), 'kernels', digest(JSON.stringify(machine))))
  }

  /** Undefined if the shape was not measured, or its file is damaged. */
  read(shape: string): MeasuredKernels | undefined {
    try {
      const stored: unknown = JSON.parse(readFileSync(this.path(shape), 'utf8')).kernels
      return Check(MeasuredKernels, stored) ? stored : undefined
    } catch {
      return undefined
    }
  }

  /**
   * Keeps what was measured of a shape, and returns what holds: if another process was first, its result, so that all
   * jobs of a machine compute alike.
   */
  add(shape: string, kernels: MeasuredKernels): MeasuredKernels {
    const path = this.path(shape)
    try {
      mkdirSync(dirname(path), { recursive: true })
      // a damaged file would be measured again by every job
      if (existsSync(path) && !this.read(shape)) rmSync(path, { force: true })
      writeFileSync(path, JSON.stringify({ shape, kernels }), { flag: 'wx' })
      return kernels
    } catch {
      // it is there, or the folder cannot be written: then the next job measures again
      return this.read(shape) ?? kernels
    }
  }

  private path(shape: string): string {
    return join(this.folder, `${digest(shape)}.json`)
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)
