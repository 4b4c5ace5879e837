import { tooLongWait } from '../errors.js'
import type { Task } from './model-queue.js'
import type { PoolOptions } from './pool-options.js'
import type { PredictorProcess } from './predictor-process.js'
import type { Batch, Scheduler } from './scheduler.js'

type Process = Pick<PredictorProcess<Batch<Task>>, 'has' | 'running'>

/** How much longer a queue may be that has just begun to grow: requests that were sent together are answered. */
const burstFactor = 10
/** A queue that is longer than it should be for so long is no burst. */
const burstMs = 250
/** A queue that was as short as it should be for so long may have another burst. */
const calmMs = 2000

/** Images that wait at most, of all models. */
const maxWaitingImages = 20_000

/** What is asked of a request before it may wait. */
export interface AdmissionRequest extends Pick<Task, 'images' | 'priority'> {
  /** How long its answer is of use. */
  leftMs: number
}

/** When a queue was longer than it should be, first and last. */
interface Excess {
  since: number
  until: number
}

/**
 * Decides whether a request may wait, by the wait that is expected. A queue that stays long adds only latency: it
 * makes every answer late, and those that nobody waits for any more cost as much as the others. So overload is
 * refused beyond `maxWaitMs`, while a burst may wait for longer (as in CoDel, Nichols and Jacobson 2012).
 */
export class Admission {
  private readonly excesses = new Map<string, Excess>()

  constructor(
    private readonly scheduler: Scheduler<Task>,
    private readonly processes: () => readonly Process[],
    private readonly options: Required<Pick<PoolOptions, 'maxWaitMs'>>,
  ) {}

  /** Throws PREDICTOR_BUSY: who could not be answered in time learns it at once. */
  check(model: string, request: AdmissionRequest): void {
    const { images, leftMs } = request
    if (leftMs <= 0) throw tooLongWait(0, 0)
    const waitMs = this.waitMs(model, { ...request, images: 1 })
    if (waitMs !== null && waitMs > 0) {
      const limitMs = this.limitMs(model, waitMs)
      if (waitMs > limitMs && !this.isNext(model)) throw tooLongWait(waitMs, limitMs)
      const runMs = this.scheduler.runMs(model, images) ?? 0
      const doneMs = this.waitMs(model, request)! + runMs
      if (doneMs > leftMs) throw tooLongWait(doneMs - runMs, Math.max(1, leftMs - runMs))
    }
    if (this.scheduler.images + images > maxWaitingImages) {
      const { maxWaitMs } = this.options
      throw tooLongWait(maxWaitMs + 1000, maxWaitMs)
    }
  }

  forget(model: string): void {
    this.excesses.delete(model)
  }

  /** How long it would wait for the batches that run, and for the images before it; null if that is not known. */
  private waitMs(model: string, request: Omit<AdmissionRequest, 'leftMs'>): number | null {
    const now = performance.now()
    const processes = this.processes()
    const count = Math.max(1, processes.length)
    const queuedMs = this.scheduler.waitMsOf(model, count, request)
    if (queuedMs === null) return null
    let runningMs = 0
    for (const { running } of processes) {
      for (const { batch, startedAt } of running) {
        const isFirst = batch === running[0]!.batch
        runningMs += isFirst ? Math.max(0, startedAt + batch.estimateMs - now) : batch.estimateMs
      }
    }
    return runningMs / count + queuedMs
  }

  private limitMs(model: string, waitMs: number): number {
    const { maxWaitMs } = this.options
    const now = performance.now()
    const known = this.excesses.get(model)
    const excess = known && now - known.until < calmMs ? known : null
    if (waitMs > maxWaitMs) {
      this.excesses.set(model, { since: excess?.since ?? now, until: now })
    }
    const isOverload = excess !== null && now - excess.since > burstMs
    return isOverload ? maxWaitMs : burstFactor * maxWaitMs
  }

  /** Whether the request would be the next of a process, however long that one runs: else it would have nothing to do. */
  private isNext(model: string): boolean {
    return (
      this.scheduler.model(model).images === 0 &&
      this.processes().some(process => process.has(model) && process.running.length < 2)
    )
  }
}
