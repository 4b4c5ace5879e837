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

/** A batch that is later than so many times what it should take has stalled, which says no more of those after it. */
const maxSlowdown = 10

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
    private readonly clock = () => performance.now(),
  ) {}

  /** Throws PREDICTOR_BUSY: who could not be answered in time learns it at once. */
  check(model: string, request: AdmissionRequest): void {
    const { images, priority, leftMs } = request
    if (leftMs <= 0) throw tooLongWait(0, 0)
    const running = this.runningMs(model)
    const queuedMs = this.queuedMs(model, { images: 1, priority })
    if (queuedMs !== null) {
      // a model does not pay for batches of others: they are no queue, and each has its share
      const ownMs = running.own + queuedMs
      const limitMs = this.limitMs(model, ownMs)
      if (ownMs > limitMs && !this.isNext(model)) throw tooLongWait(ownMs, limitMs)
      const allQueuedMs = images === 1 ? queuedMs : this.queuedMs(model, request)!
      const waitMs = running.own + running.others + allQueuedMs
      const runMs = this.scheduler.runMs(model, images) ?? 0
      if (waitMs > 0 && waitMs + runMs > leftMs) throw tooLongWait(waitMs, leftMs - runMs)
    }
    if (this.scheduler.images + images > maxWaitingImages) {
      const { maxWaitMs } = this.options
      throw tooLongWait(maxWaitMs + 1000, maxWaitMs)
    }
  }

  forget(model: string): void {
    this.excesses.delete(model)
  }

  private get processCount(): number {
    return Math.max(1, this.processes().length)
  }

  /** How long the images before those of the request will take; null if that is not known. */
  private queuedMs(model: string, request: Omit<AdmissionRequest, 'leftMs'>): number | null {
    const ms = this.scheduler.waitMsOf(model, this.processCount, request)
    return ms === null ? null : ms * this.slowdown
  }

  /** How much longer the batches take than expected, of all processes together: one that stalls leaves the others. */
  private get slowdown(): number {
    const rates = this.processes().map(process => 1 / this.slowdownOf(process))
    return rates.length === 0 ? 1 : rates.length / rates.reduce((sum, rate) => sum + rate, 0)
  }

  /** How much longer than expected the batch takes that runs now; at least 1. What is late already shows it first. */
  private slowdownOf({ running: [first] }: Process): number {
    if (!first) return 1
    const factor = (this.clock() - first.startedAt) / first.batch.estimateMs
    return Math.min(Math.max(1, factor), maxSlowdown)
  }

  /** How long the batches that were begun will take, those of the model and the others. */
  private runningMs(model: string): { own: number; others: number } {
    const now = this.clock()
    const left = { own: 0, others: 0 }
    for (const process of this.processes()) {
      const slowdown = this.slowdownOf(process)
      for (const [i, { batch, startedAt }] of process.running.entries()) {
        const doneMs = i === 0 ? now - startedAt : 0
        left[batch.model === model ? 'own' : 'others'] += Math.max(
          0,
          batch.estimateMs * slowdown - doneMs,
        )
      }
    }
    return { own: left.own / this.processCount, others: left.others / this.processCount }
  }

  private limitMs(model: string, waitMs: number): number {
    const { maxWaitMs } = this.options
    const now = this.clock()
    const known = this.excesses.get(model)
    const excess = known && now - known.until < calmMs ? known : null
    if (waitMs > maxWaitMs) {
      this.excesses.set(model, { since: excess?.since ?? now, until: now })
    }
    const isOverload = excess !== null && now - excess.since > burstMs
    return isOverload ? maxWaitMs : burstFactor * maxWaitMs
  }

  /** Whether a process has nothing of the model to run after what runs: then it waits as long as that, not for others. */
  private isNext(model: string): boolean {
    const own = ({ running }: Process) => running.filter(({ batch }) => batch.model === model)
    return (
      this.scheduler.model(model).images === 0 &&
      this.processes().some(process => process.has(model) && own(process).length < 2)
    )
  }
}
