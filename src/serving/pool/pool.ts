import { decodeError } from '../../ipc/wire-error.js'
import { maxBatch } from '../../spec/batch-sizes.js'
import type {
  BatchAnswer,
  ImagesInput,
  LoadedModel,
  Probabilities,
} from '../../spec/ipc-messages.js'
import type { Serving } from '../../spec/model.js'
import {
  cancelledError,
  crashesError,
  loadCrashesError,
  restartedError,
  timeoutError,
} from '../errors.js'
import { Admission } from './admission.js'
import { LoadCrashes } from './load-crashes.js'
import { modelsToUnload, placeModels } from './placement.js'
import { PoisonList } from './poison.js'
import { defaultOptions, type PoolOptions } from './pool-options.js'
import type { PredictorProcess, ProcessEnd, Ran, Running } from './predictor-process.js'
import { ProcessGroup } from './process-group.js'
import { PoolRequest, type PredictOptions, partOf, type ServedModel } from './request.js'
import { type Batch, Scheduler } from './scheduler.js'

/** Predicts with networks from images. */
export interface Predictor {
  /** Whether a process has its engine loaded. */
  ready(): boolean
  /** Whether none has loaded it yet since the start, and none has failed. */
  starting(): boolean
  /** How often a process has ended by itself and was started again. */
  readonly restarts: number
  /** Requests that wait for an answer. */
  readonly inFlight: number
  predict(model: ServedModel, input: ImagesInput, options?: PredictOptions): Promise<Probabilities>
  /** Throws what `predict` would throw if a request for the model in this folder, whatever its images, came too much. */
  assertAdmits(folder: string): void
  close(): Promise<void>
}

/** It includes the first run. */
const loadTimeoutMs = 120_000
/** Numbers in a batch at most, so that decoded images stay within some hundred MiB. */
const maxBatchValues = 2 ** 25

type PoolBatch = Batch<PoolRequest>
type Process = PredictorProcess<PoolBatch>

interface Waiter {
  resolve(answer: Probabilities): void
  reject(error: Error): void
  timer: NodeJS.Timeout
  /** Stops listening to the client. */
  release(): void
}

/**
 * Predicts with networks in a pool of processes. Requests wait here; each process gets a batch when the last
 * one has run, so that batches grow with the load and nothing waits for a batch to fill.
 */
export class PredictorPool implements Predictor {
  private readonly options: Required<PoolOptions>
  private readonly scheduler = new Scheduler<PoolRequest>()
  private readonly group: ProcessGroup<PoolBatch>
  private readonly admission: Admission
  private readonly models = new Map<string, ServedModel>()
  private readonly pinned = new Set<string>()
  /** Models to load although nothing waits for them. */
  private readonly preloaded = new Set<string>()
  private readonly waiters = new Map<PoolRequest, Waiter>()
  private readonly poison = new PoisonList()
  private readonly loadCrashes = new LoadCrashes()
  private dispatching: NodeJS.Immediate | undefined

  constructor(options: PoolOptions) {
    this.options = { ...defaultOptions, ...options }
    const { batchTimeoutMs } = this.options
    this.group = new ProcessGroup<PoolBatch>(
      { ...options, batchTimeoutMs, loadTimeoutMs },
      {
        onReady: () => this.schedule(),
        onLoaded: (process, folder, model) => this.onLoaded(process, folder, model),
        onLoadFailed: (_process, folder, error) => this.onLoadFailed(folder, error),
        onAnswer: (_process, ran, answer) => this.onAnswer(ran, answer),
        onFailed: (_process, running, error) => this.onFailed(running, error),
        onEnd: (process, end) => this.onEnd(process, end),
      },
      folder => this.models.get(folder),
    )
    this.admission = new Admission(this.scheduler, () => this.group.ready, this.options)
  }

  ready(): boolean {
    return this.group.ready.length > 0
  }

  starting(): boolean {
    return this.group.starting
  }

  get restarts(): number {
    return this.group.restarts
  }

  get inFlight(): number {
    return this.waiters.size
  }

  /** The processes that answer. */
  get pids(): number[] {
    return this.group.ready.flatMap(({ pid }) => pid ?? [])
  }

  /** What the processes hold now. */
  get state() {
    const all = this.group.all
    return {
      processes: all.length,
      ready: this.group.ready.length,
      recycled: this.group.recycled,
      waitingImages: this.scheduler.images,
      models: new Set(all.flatMap(({ models }) => [...models.keys()])).size,
      modelBytes: all.reduce((sum, { modelBytes }) => sum + modelBytes, 0),
      rssBytes: all.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
    }
  }

  /** The versions that a process has loaded, or loads. */
  get loadedModels(): ServedModel[] {
    const folders = new Set(this.group.all.flatMap(({ models }) => [...models.keys()]))
    return [...this.models.values()].filter(({ folder }) => folders.has(folder))
  }

  /** What runs a version, if a process has it loaded. */
  serving(name: string, version: number): Serving | undefined {
    const model = [...this.models.values()].find(
      each => each.name === name && each.version === version,
    )
    if (!model) return undefined
    const loaded = this.group.all.map(({ models }) => models.get(model.folder)?.loaded)
    return loaded.find(each => each)?.serving
  }

  async predict(
    model: ServedModel,
    input: ImagesInput,
    options: PredictOptions = {},
  ): Promise<Probabilities> {
    if (options.signal?.aborted) throw cancelledError()
    if (this.group.failing) throw restartedError()
    if (this.poison.has(model.folder, input)) throw crashesError()
    this.remember(model)
    const request = new PoolRequest(model, input, options)
    this.admit(model.folder, request.images, options)
    return new Promise((resolve, reject) => {
      const ms = this.timeLeft(options)
      const timer = setTimeout(() => this.reject(request, timeoutError(ms)), ms)
      const abort = () => this.reject(request, cancelledError())
      const release = () => options.signal?.removeEventListener('abort', abort)
      options.signal?.addEventListener('abort', abort)
      this.waiters.set(request, { resolve, reject, timer, release })
      this.scheduler.add(model.folder, request)
      this.schedule()
    })
  }

  assertAdmits(folder: string): void {
    if (this.models.has(folder)) this.admit(folder, 1, {})
  }

  /** Loads a model before it is asked. */
  preload(model: ServedModel): void {
    this.remember(model)
    this.preloaded.add(model.folder)
    this.schedule()
  }

  /** The models that stay loaded, in place of those that were pinned before. */
  pin(models: readonly ServedModel[]): void {
    this.pinned.clear()
    for (const model of models) {
      this.remember(model)
      this.pinned.add(model.folder)
    }
    this.schedule()
  }

  /** Call after a version was removed: frees its memory. */
  unloadVersion(name: string, version: number): void {
    for (const model of [...this.models.values()]) {
      if (model.name === name && model.version === version) this.unload(model.folder)
    }
  }

  async close(): Promise<void> {
    clearImmediate(this.dispatching)
    await this.group.close()
    for (const request of [...this.waiters.keys()]) this.reject(request, restartedError())
  }

  private unload(folder: string): void {
    this.pinned.delete(folder)
    this.preloaded.delete(folder)
    for (const process of this.group.all) {
      if (process.models.has(folder)) process.unload(folder)
    }
    this.forget(folder)
  }

  private remember(model: ServedModel): void {
    if (this.models.has(model.folder)) return
    this.models.set(model.folder, model)
    const [height, width, channels] = model.image
    const fitting = Math.floor(maxBatchValues / (height * width * channels))
    this.scheduler.model(model.folder, Math.max(1, Math.min(maxBatch, fitting)))
  }

  private forget(folder: string): void {
    if (this.scheduler.model(folder).images > 0) return
    if (this.group.all.some(({ models }) => models.has(folder))) return
    this.scheduler.forget(folder)
    this.admission.forget(folder)
    this.models.delete(folder)
  }

  private timeLeft({ deadline = Number.POSITIVE_INFINITY }: PredictOptions): number {
    return Math.max(0, Math.min(this.options.timeoutMs, deadline - performance.now()))
  }

  private admit(folder: string, images: number, options: PredictOptions): void {
    if (this.loadCrashes.isRefused(folder)) throw loadCrashesError()
    const { priority = 0 } = options
    this.admission.check(folder, { images, priority, leftMs: this.timeLeft(options) })
  }

  /** After all events that are here already, so that requests which arrive together run together. */
  private schedule(): void {
    this.dispatching ??= setImmediate(() => {
      this.dispatching = undefined
      this.dispatch()
    })
  }

  private dispatch(): void {
    const { scheduler, group } = this
    if (group.failing) {
      for (const request of [...this.waiters.keys()]) this.reject(request, restartedError())
      return
    }
    const processes = group.ready.sort((a, b) => a.running.length - b.running.length)
    // before models are placed: what was loaded for waiting images runs before it may be unloaded again
    for (const process of processes) this.feed(process)
    const wanted = [...this.pinned, ...this.preloaded]
    const share = this.options.memoryBytes / this.options.environments.length
    const workMs = (folder: string) => scheduler.waitMs(folder, 1) ?? 0
    const placements = placeModels(processes, scheduler.waiting, wanted, share, workMs)
    for (const { process, model } of placements) {
      process.load(this.models.get(model)!)
      this.preloaded.delete(model)
    }
  }

  /**
   * Gives a process what it can take: a batch if it is idle; and one beside the one that runs if it is no
   * smaller, since then it would gain nothing by waiting, and the process does not wait for this one.
   */
  private feed(process: Process): void {
    const { scheduler } = this
    while (process.loading.length === 0 && process.running.length < 2) {
      const folder = scheduler.waiting.find(name => process.has(name))
      if (folder === undefined) return
      const [first] = process.running
      if (first) {
        const isAlone = first.batch.slices[0]!.task.alone || scheduler.isNextAlone(folder)
        if (isAlone || scheduler.model(folder).images < first.batch.images) return
      }
      const batch = scheduler.take(folder)
      process.run(batch, folder, batch.size, batch.slices.map(partOf))
    }
  }

  private onLoaded(process: Process, folder: string, model: LoadedModel): void {
    const { log, memoryBytes, environments } = this.options
    this.loadCrashes.forget(folder)
    const { times, limits } = this.scheduler.model(folder)
    limits.anySize = model.serving.runtime === 'openvino'
    for (const { size, ms } of model.times) times.add(size, ms)
    log.info({ pid: process.pid, folder, ...model }, 'loaded a model')
    if (model.serving.isFallback) {
      log.warn({ pid: process.pid, folder, ...model.serving }, 'a model does not run as it could')
    }
    const isKept = (other: string) =>
      other === folder ||
      this.pinned.has(other) ||
      process.running.some(({ batch }) => batch.model === other)
    for (const other of modelsToUnload(process, memoryBytes / environments.length, isKept)) {
      log.info({ pid: process.pid, folder: other }, 'unloaded the model that was used longest ago')
      process.unload(other)
      this.forget(other)
    }
    this.schedule()
  }

  private onLoadFailed(folder: string, error: Error): void {
    for (const request of this.scheduler.tasks(folder)) this.reject(request, error)
    this.pinned.delete(folder)
    this.forget(folder)
    this.schedule()
  }

  private onAnswer({ batch, sentAt, ms }: Ran<PoolBatch>, answer: BatchAnswer): void {
    const { decodeMs, runMs, outputMs, size } = answer
    // all that it took, so that waits are expected as they are
    if (size > 0) this.scheduler.finished(batch, size, ms)
    let count = 0
    const queuedMs: number[] = []
    for (const [i, slice] of batch.slices.entries()) {
      const part = answer.parts[i]!
      const { task: request } = slice
      if (!request.started) queuedMs.push(sentAt - request.arrivedAt)
      request.started = true
      if ('error' in part) {
        this.reject(request, decodeError(part.error))
      } else {
        count += slice.count
        const whole = request.fill(slice, part.output)
        if (whole) this.settle(request)?.resolve(whole)
      }
    }
    if (size > 0) {
      const { name, version } = batch.slices[0]!.task.model
      const times = { inputMs: decodeMs, inferMs: runMs, outputMs }
      this.options.statistics.executed({ name, version, count, size, ...times, queuedMs })
    }
    this.schedule()
  }

  /** The run itself failed, such as for want of memory. Each request is tried alone before it fails. */
  private onFailed({ batch }: Running<PoolBatch>, error: Error): void {
    if (batch.slices.length === 1) this.reject(batch.slices[0]!.task, error)
    else this.retryAlone(batch)
    this.schedule()
  }

  private onEnd(process: Process, { timedOut }: ProcessEnd): void {
    const [first, ...others] = process.running
    const [loading] = process.loading
    if (first) {
      for (const { task } of first.batch.slices) {
        if (timedOut) this.reject(task, timeoutError(this.options.batchTimeoutMs))
        else if (++task.crashes >= 2) this.refuse(task)
      }
    } else if (loading !== undefined) {
      if (this.loadCrashes.add(loading)) this.onLoadFailed(loading, loadCrashesError())
    }
    for (const { batch } of [...others.reverse(), ...(first ? [first] : [])]) this.retryAlone(batch)
    this.schedule()
  }

  private retryAlone({ model, slices }: PoolBatch): void {
    for (const slice of slices.toReversed()) {
      if (slice.task.settled) continue
      slice.task.alone = true
      this.scheduler.putBack(model, slice)
    }
  }

  private refuse(request: PoolRequest): void {
    const { model, input } = request
    this.options.log.warn(
      { model: model.name, version: model.version },
      'a request ended two processes',
    )
    this.poison.add(model.folder, input)
    this.reject(request, crashesError())
  }

  private reject(request: PoolRequest, error: Error): void {
    this.settle(request)?.reject(error)
  }

  /** Forgets a request; returns its waiter, or undefined if it was settled before. */
  private settle(request: PoolRequest): Waiter | undefined {
    const waiter = this.waiters.get(request)
    if (!waiter) return undefined
    request.settled = true
    clearTimeout(waiter.timer)
    waiter.release()
    this.waiters.delete(request)
    this.scheduler.remove(request.model.folder, request)
    return waiter
  }
}
