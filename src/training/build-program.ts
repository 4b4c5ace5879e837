import { isDeepStrictEqual } from 'node:util'
import { KernelCache } from '../engine/kernel-cache.js'
import type { TensorFlow } from '../engine/tensorflow.js'
import type { ConvShape } from '../graph/ops/conv-kernels.js'
import type { ConvKernelTable } from '../spec/conv-kernels.js'
import { ConvKernelChoices } from './conv-kernel-choices.js'
import { measureConvKernels } from './measure-conv-kernels.js'
import { buildTrainingProgram, type Program, type ProgramOptions } from './program.js'

export interface BuildDeps {
  tf: TensorFlow
  /** Temporary folders, which are empty at first. */
  folders: { stage(): Promise<string>; discard(folder: string): Promise<void> }
  /** Processor cores that the trainer may use. */
  threads: number
  /** Whether kernels are measured if the attempts of the job did not agree on any. Otherwise they are chosen by rule. */
  measures: boolean
  recorder: {
    convKernels(): Promise<ConvKernelTable | null>
    agreeOnConvKernels(proposed: ConvKernelTable): Promise<ConvKernelTable>
  }
  log(message: string): void
  /** Asks for the memory of the training. */
  reserveMemory(program: Program): Promise<void>
}

/**
 * Builds the training program of a job with the fastest kernels for its convolutions. The first attempt takes those
 * that were measured on a machine like this one, and measures what is missing; later attempts take the same, wherever
 * they run, so that they compute the same bytes.
 */
export async function buildProgram(options: ProgramOptions, deps: BuildDeps): Promise<Program> {
  const { tf, threads, measures, recorder, reserveMemory } = deps
  const agreed = (await recorder.convKernels()) ?? (measures ? null : {})
  if (agreed) {
    const program = withKernels(options, agreed)
    await reserveMemory(program)
    return program
  }
  const cache = KernelCache.open({ tensorflow: tf.version, threads })
  const choices = new ConvKernelChoices(name => cache.read(name))
  const draft = buildTrainingProgram({ ...options, convKernels: choices.choose })
  // before anything is measured, which needs less; a product that is chosen holds at most 64 MiB more
  await reserveMemory(draft)
  const measured = await measureMissing(choices.missing, cache, deps)
  const table = await recorder.agreeOnConvKernels({ ...choices.table, ...measured })
  return isDeepStrictEqual(table, choices.table) ? draft : withKernels(options, table)
}

const withKernels = (options: ProgramOptions, table: ConvKernelTable): Program => {
  const { choose } = new ConvKernelChoices(name => table[name])
  return buildTrainingProgram({ ...options, convKernels: choose })
}

async function measureMissing(
  missing: ReadonlyMap<string, ConvShape>,
  cache: KernelCache,
  { tf, folders, log }: BuildDeps,
): Promise<ConvKernelTable> {
  if (missing.size === 0) return {}
  const started = performance.now()
  const table: ConvKernelTable = {}
  for (const [name, shape] of missing) {
    const folder = await folders.stage()
    try {
      const kernels = await measureConvKernels(tf, shape, folder)
      table[name] = cache.add(name, kernels)
    } finally {
      await folders.discard(folder)
    }
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  log(`measured the kernels of ${missing.size} convolutions in ${seconds} s`)
  const isKept = [...missing.keys()].every(name => cache.read(name) !== undefined)
  if (!isKept) {
    log(
      `the result cannot be kept in ${cache.folder}: the next job with such convolutions measures again`,
    )
  }
  return table
}
