import { maxBatch, paddedSize } from '../../spec/batch-sizes.js'
import { type BatchLimits, chooseBatch, RunTimes, workMs } from './batch-size.js'
import { ModelQueue, type Slice, type Task } from './model-queue.js'

export interface Batch<T extends Task> {
  readonly model: string
  readonly slices: readonly Slice<T>[]
  readonly images: number
  /** With its padding. */
  readonly size: number
  /** How long it is expected to run. */
  readonly estimateMs: number
}

interface ModelState<T extends Task> {
  readonly queue: ModelQueue<T>
  readonly times: RunTimes
  readonly limits: BatchLimits
  /** The time that its batches have taken, counted so that models which waited for nothing gain nothing. */
  virtualMs: number
}

/** What a run is expected to take if nothing was measured. */
const unknownMs = 50

/**
 * Decides which images run next. Pure: it starts nothing and reads no clock. Models share the processes
 * by time: of those that have images waiting, the one runs whose batches have taken the least. (Start-time
 * fair queueing, Goyal et al. 1996.)
 */
export class Scheduler<T extends Task> {
  private readonly models = new Map<string, ModelState<T>>()
  /** The virtual time of the batch that was taken last. */
  private clock = 0

  /** `maxImages`: the most that a batch of the model may have; what was set first counts. */
  model(
    name: string,
    maxImages = maxBatch,
  ): { readonly times: RunTimes; readonly limits: BatchLimits; readonly images: number } {
    const { queue, times, limits } = this.state(name, maxImages)
    return { times, limits, images: queue.images }
  }

  add(model: string, task: T): void {
    const state = this.state(model)
    if (state.queue.images === 0) state.virtualMs = Math.max(state.virtualMs, this.clock)
    state.queue.add(task)
  }

  putBack(model: string, slice: Slice<T>): void {
    this.state(model).queue.putBack(slice)
  }

  remove(model: string, task: T): void {
    this.models.get(model)?.queue.remove(task)
  }

  /** The tasks that wait for a model. */
  tasks(model: string): T[] {
    return this.models.get(model)?.queue.tasks ?? []
  }

  /** Forgets a model for which nothing waits. */
  forget(model: string): void {
    if (this.models.get(model)?.queue.images === 0) this.models.delete(model)
  }

  /** Models with images that wait, the one that should run next first. */
  get waiting(): string[] {
    return [...this.models]
      .filter(([, { queue }]) => queue.images > 0)
      .sort(([, a], [, b]) => a.virtualMs - b.virtualMs)
      .map(([name]) => name)
  }

  /** Images that wait, of all models. */
  get images(): number {
    let sum = 0
    for (const { queue } of this.models.values()) sum += queue.images
    return sum
  }

  isNextAlone(model: string): boolean {
    return this.state(model).queue.isNextAlone
  }

  /** Takes the next batch of a model that has images waiting. */
  take(model: string): Batch<T> {
    const state = this.state(model)
    const { queue, times, limits } = state
    const chosen = chooseBatch(queue.images, times, limits)
    const slices = queue.take(chosen.images)
    const images = slices.reduce((sum, { count }) => sum + count, 0)
    const unchosen = limits.anySize ? images : paddedSize(images)
    const size = images === chosen.images ? chosen.size : unchosen
    const estimateMs = times.estimate(size) ?? unknownMs
    this.clock = Math.max(this.clock, state.virtualMs)
    state.virtualMs += estimateMs
    return { model, slices, images, size, estimateMs }
  }

  /** Call after a batch has run. `size` is the size that it had, which is smaller if files were damaged. */
  finished({ model, estimateMs }: Batch<T>, size: number, ms: number): void {
    const state = this.models.get(model)
    if (!state) return
    state.times.add(size, ms)
    state.virtualMs += ms - estimateMs
  }

  /**
   * How long the images that wait for a model will take with `processes`, while other models take their
   * share; null if images wait whose model was never measured.
   */
  waitMs(model: string, processes: number): number | null {
    return this.sharedMs(model, this.state(model).queue.images, processes)
  }

  /** The same of the images that run before the last one of a new task. */
  waitMsOf(
    model: string,
    processes: number,
    { images, priority }: Pick<Task, 'images' | 'priority'>,
  ): number | null {
    return this.sharedMs(model, this.state(model).queue.ahead(images, priority), processes)
  }

  /** How long a task runs if nothing else does; null if its model was never measured. */
  runMs(model: string, images: number): number | null {
    const { times, limits } = this.state(model)
    return workMs(images, times, limits)
  }

  private sharedMs(model: string, images: number, processes: number): number | null {
    const own = this.runMs(model, images)
    if (own === null || own === 0) return own
    let sum = own
    for (const [name, { queue }] of this.models) {
      if (name !== model) sum += Math.min(this.runMs(name, queue.images) ?? own, own)
    }
    return sum / processes
  }

  private state(model: string, maxImages = maxBatch): ModelState<T> {
    const known = this.models.get(model)
    if (known) return known
    const created = {
      ...{ queue: new ModelQueue<T>(), times: new RunTimes() },
      limits: { maxImages, anySize: false },
      virtualMs: this.clock,
    }
    this.models.set(model, created)
    return created
  }
}
