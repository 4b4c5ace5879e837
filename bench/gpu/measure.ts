import { readGpus } from '../../src/engine/gpus.js'
import { BenchError } from '../failure.js'
import { type Summary, summarize } from '../statistics.js'
import { type Program, type StartedSubject, Subject } from '../subject.js'
import type { Ready } from '../subject-protocol.js'

export interface Measured<R extends Ready> extends Summary {
  started: StartedSubject<R>
  peakRssMb: number
  /** What the GPU holds after the last step, of all its processes; null without one. */
  gpuBytes: number | null
}

export interface Repetitions {
  /** Steps beside the first whose time does not count. */
  warmUp: number
  steps: number
  /** After it, the subject is ended. */
  timeoutMs: number
}

/** Runs a program alone: two on one GPU would share its memory. Throws a BenchError if it fails or takes too long. */
export async function measure<R extends Ready>(
  program: Program,
  request: object,
  { warmUp, steps, timeoutMs }: Repetitions,
): Promise<Measured<R>> {
  const subject = new Subject(program)
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    subject.kill()
  }, timeoutMs)
  try {
    const started = await subject.prepare<R>(request)
    if (warmUp > 0) await subject.steps(warmUp)
    const times = await subject.steps(steps)
    const [gpu] = await readGpus()
    const gpuBytes = gpu?.usedBytes ?? null
    return { started, ...summarize(times), gpuBytes, peakRssMb: await subject.end() }
  } catch (error) {
    if (isLate) throw new BenchError(`it took longer than ${Math.round(timeoutMs / 1000)} s`)
    throw error
  } finally {
    clearTimeout(timer)
    subject.kill()
  }
}
