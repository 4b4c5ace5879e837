import type { BatchAnswer, LoadedModel } from '../../spec/ipc-messages.js'
import {
  PredictorProcess,
  type ProcessEnd,
  type ProcessEvents,
  type ProcessOptions,
  type Ran,
  type Running,
} from './predictor-process.js'
import type { ServedModel } from './request.js'

const initialBackoffMs = 100
const maxBackoffMs = 5000
/** After so many processes that ended before they were ready, requests do not wait for the next one. */
const maxFailedStarts = 3

/** Batches after which the memory of a process counts as settled. */
const settlingBatches = 100
/** A process that grows by more than this without loading a model is replaced: the native libraries leak. */
const maxGrowthBytes = 512 * 2 ** 20
/** A process that has loaded so many models is replaced, since not all of their memory comes back. */
const maxLoads = 256

export interface GroupOptions extends Omit<ProcessOptions, 'env'> {
  /** The environment of each process. */
  environments: readonly NodeJS.ProcessEnv[]
}

/** What the owner of the processes does at their events. */
export interface GroupEvents<B> extends Omit<ProcessEvents<B>, 'onReady' | 'onExit'> {
  /** A process takes work that took none before. */
  onReady(): void
  /** A process has ended by itself. */
  onEnd(process: PredictorProcess<B>, end: ProcessEnd): void
}

/** Keeps a predictor process for each environment alive, and replaces those that grow. */
export class ProcessGroup<B> implements ProcessEvents<B> {
  /** How often a process has ended by itself and was started again. */
  restarts = 0
  /** How often a process was replaced because it had grown. */
  recycled = 0
  private readonly processes = new Map<PredictorProcess<B>, NodeJS.ProcessEnv>()
  /** The process that takes the place of one that has grown. */
  private replacement: { old: PredictorProcess<B>; next: PredictorProcess<B> } | null = null
  private readonly timers = new Set<NodeJS.Timeout>()
  private backoffMs = initialBackoffMs
  private failedStarts = 0
  private wasReady = false
  private closed = false

  constructor(
    private readonly options: GroupOptions,
    private readonly events: GroupEvents<B>,
    private readonly modelOf: (folder: string) => ServedModel | undefined,
  ) {
    for (const env of options.environments) this.start(env)
  }

  /** Those that take work. */
  get ready(): PredictorProcess<B>[] {
    return [...this.processes.keys()].filter(
      process => process.ready && !process.retiring && process !== this.replacement?.next,
    )
  }

  get all(): PredictorProcess<B>[] {
    return [...this.processes.keys()]
  }

  /** Whether one process after another ends before it is ready. */
  get failing(): boolean {
    return this.closed || (this.failedStarts >= maxFailedStarts && this.ready.length === 0)
  }

  /** Whether no process was ready yet, and none has ended before it was. */
  get starting(): boolean {
    return !this.wasReady && this.failedStarts === 0 && !this.closed
  }

  async close(): Promise<void> {
    this.closed = true
    for (const timer of this.timers) clearTimeout(timer)
    await Promise.all(this.all.map(process => process.close()))
  }

  onReady(process: PredictorProcess<B>): void {
    this.failedStarts = 0
    this.wasReady = true
    this.options.log.info({ pid: process.pid }, 'a predictor is ready')
    if (process !== this.replacement?.next) {
      this.events.onReady()
      return
    }
    for (const folder of this.replacement.old.models.keys()) {
      const model = this.modelOf(folder)
      if (model) process.load(model)
    }
    this.finishReplacement()
  }

  onLoaded(process: PredictorProcess<B>, folder: string, model: LoadedModel): void {
    this.events.onLoaded(process, folder, model)
    this.finishReplacement()
    if (process.loads >= maxLoads) this.replace(process)
  }

  onLoadFailed(process: PredictorProcess<B>, folder: string, error: Error): void {
    this.events.onLoadFailed(process, folder, error)
    this.finishReplacement()
  }

  onAnswer(process: PredictorProcess<B>, ran: Ran<B>, answer: BatchAnswer): void {
    this.backoffMs = initialBackoffMs
    this.events.onAnswer(process, ran, answer)
    if (process.batchesSinceLoad <= settlingBatches) {
      process.settledRssBytes = Math.max(process.settledRssBytes, process.rssBytes)
    } else if (process.rssBytes > process.settledRssBytes + maxGrowthBytes) {
      this.replace(process)
    }
    this.closeIfDone(process)
  }

  onFailed(process: PredictorProcess<B>, running: Running<B>, error: Error): void {
    this.events.onFailed(process, running, error)
    this.closeIfDone(process)
  }

  onExit(process: PredictorProcess<B>, end: ProcessEnd): void {
    const env = this.processes.get(process)!
    this.processes.delete(process)
    if (this.closed || process.retiring) return
    const wasReplacement = process === this.replacement?.next
    if (wasReplacement || process === this.replacement?.old) this.replacement = null
    if (!process.wasReady) this.failedStarts++
    const { backoffMs } = this
    this.options.log.warn({ ...end, backoffMs }, 'a predictor has ended and will be restarted')
    this.events.onEnd(process, end)
    // the one that it should have replaced is still there
    if (this.processes.size >= this.options.environments.length) return
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      this.restarts++
      this.start(env)
    }, backoffMs)
    this.timers.add(timer)
    this.backoffMs = Math.min(2 * backoffMs, maxBackoffMs)
  }

  private start(env: NodeJS.ProcessEnv): PredictorProcess<B> {
    const process = new PredictorProcess<B>({ ...this.options, env }, this)
    this.processes.set(process, env)
    return process
  }

  /** Starts a process that loads the same models, so that the old one works until it is ready. */
  private replace(old: PredictorProcess<B>): void {
    if (this.replacement || old.retiring) return
    const { rssBytes, settledRssBytes, loads, pid } = old
    this.options.log.warn(
      { pid, rssBytes, settledRssBytes, loads },
      'a predictor has grown: replacing it',
    )
    this.recycled++
    this.replacement = { old, next: this.start(this.processes.get(old)!) }
  }

  private finishReplacement(): void {
    if (!this.replacement) return
    const { old, next } = this.replacement
    if (!next.ready || next.loading.length > 0) return
    this.replacement = null
    old.retiring = true
    this.closeIfDone(old)
    this.events.onReady()
  }

  private closeIfDone(process: PredictorProcess<B>): void {
    if (process.retiring && process.running.length === 0) void process.close()
  }
}
