import type { ChildProcess } from 'node:child_process'
import { decodeError } from '../../ipc/wire-error.js'
import type {
  BatchAnswer,
  BatchPart,
  FromPredictor,
  LoadedModel,
  ToPredictor,
} from '../../spec/ipc-messages.js'
import { closePredictor, forkPredictor, type PredictorChildOptions } from '../predictor-child.js'
import type { ServedModel } from './request.js'

/** The script answers each ToPredictor with FromPredictor. */
export interface ProcessOptions extends PredictorChildOptions {
  /** How long a batch may run before the process is killed: it hangs in native code, which cannot be interrupted. */
  batchTimeoutMs: number
  loadTimeoutMs: number
}

/** A batch in a process. */
export interface Running<B> {
  readonly id: number
  readonly batch: B
  readonly sentAt: number
  /** When the batch before it was answered; if there was none, when it was sent. */
  startedAt: number
}

/** A batch that was answered, and how long it has kept the process from the next one. */
export interface Ran<B> extends Running<B> {
  readonly ms: number
}

/** What the owner of a process does at its events. */
export interface ProcessEvents<B> {
  onReady(process: PredictorProcess<B>): void
  onLoaded(process: PredictorProcess<B>, folder: string, model: LoadedModel): void
  onLoadFailed(process: PredictorProcess<B>, folder: string, error: Error): void
  onAnswer(process: PredictorProcess<B>, ran: Ran<B>, answer: BatchAnswer): void
  onFailed(process: PredictorProcess<B>, running: Running<B>, error: Error): void
  /** The process has ended; `running` and `loading` tell what it did. `timedOut`: it was killed for its slowness. */
  onExit(process: PredictorProcess<B>, end: ProcessEnd): void
}

export interface ProcessEnd {
  code: number | null
  signal: NodeJS.Signals | null
  timedOut: boolean
}

interface HeldModel {
  /** null while it is being loaded. */
  loaded: LoadedModel | null
  usedAt: number
}

/** One predictor process: what it has loaded, and the batches that it was given. */
export class PredictorProcess<B> {
  readonly models = new Map<string, HeldModel>()
  /** The first one runs, the others wait in the process. */
  readonly running: Running<B>[] = []
  ready = false
  wasReady = false
  /** It gets no more work, and ends when it has none. */
  retiring = false
  /** Memory of the whole process, at its last message. */
  rssBytes = 0
  /** Memory after it has worked for a while; more than that is growth. */
  settledRssBytes = 0
  batchesSinceLoad = 0
  loads = 0
  private readonly child: ChildProcess
  private lastId = 0
  private timer: NodeJS.Timeout | undefined
  private timedOut = false
  private ended = false

  constructor(
    private readonly options: ProcessOptions,
    private readonly events: ProcessEvents<B>,
  ) {
    const child = forkPredictor(options)
    this.child = child
    child.on('message', message => this.onMessage(message as FromPredictor))
    child.once('exit', (code, signal) => this.onExit(code, signal))
  }

  get pid(): number | undefined {
    return this.child.pid
  }

  /** The folders of the models that it loads at this moment. */
  get loading(): string[] {
    return [...this.models].filter(([, { loaded }]) => loaded === null).map(([folder]) => folder)
  }

  get modelBytes(): number {
    return [...this.models.values()].reduce((sum, { loaded }) => sum + (loaded?.bytes ?? 0), 0)
  }

  has(folder: string): boolean {
    return (this.models.get(folder)?.loaded ?? null) !== null
  }

  load({ folder, image, precision }: ServedModel): void {
    this.models.set(folder, { loaded: null, usedAt: performance.now() })
    this.send({ type: 'load', folder, image, precision })
    this.watch()
  }

  unload(folder: string): void {
    this.models.delete(folder)
    this.send({ type: 'unload', folder })
  }

  run(batch: B, folder: string, size: number, parts: BatchPart[]): void {
    const id = ++this.lastId
    this.models.get(folder)!.usedAt = performance.now()
    const now = performance.now()
    this.running.push({ id, batch, sentAt: now, startedAt: now })
    this.send({ type: 'run', id, folder, size, parts })
    if (this.running.length === 1) this.watch()
  }

  kill(): void {
    this.child.kill('SIGKILL')
  }

  async close(): Promise<void> {
    if (!this.ended) await closePredictor(this.child)
  }

  private send(message: ToPredictor): void {
    // if the child has ended, `onExit` tells what it did not answer
    if (this.child.connected) this.child.send(message, () => {})
  }

  /** Starts the time of what the process does next. */
  private watch(): void {
    clearTimeout(this.timer)
    const { batchTimeoutMs, loadTimeoutMs } = this.options
    const isLoading = this.loading.length > 0
    if (!isLoading && this.running.length === 0) return
    this.timer = setTimeout(
      () => {
        this.timedOut = true
        this.kill()
      },
      isLoading ? loadTimeoutMs : batchTimeoutMs,
    )
  }

  private onMessage(message: FromPredictor): void {
    if (message.type === 'ready') {
      this.rssBytes = message.rssBytes
      this.ready = true
      this.wasReady = true
      this.events.onReady(this)
      return
    }
    if (message.type === 'loaded') {
      this.rssBytes = message.rssBytes
      const held = this.models.get(message.folder)
      if (held) held.loaded = message.model
      this.loads++
      this.batchesSinceLoad = 0
      this.settledRssBytes = message.rssBytes
      this.watch()
      this.events.onLoaded(this, message.folder, message.model)
    } else if (message.type === 'loadFailed') {
      this.models.delete(message.folder)
      this.watch()
      this.events.onLoadFailed(this, message.folder, decodeError(message.error))
    } else {
      const index = this.running.findIndex(({ id }) => id === message.id)
      const [running] = this.running.splice(index, 1)
      const [next] = this.running
      const now = performance.now()
      if (next && index === 0) next.startedAt = now
      this.watch()
      if (message.type === 'failed') {
        this.events.onFailed(this, running!, decodeError(message.error))
      } else {
        this.rssBytes = message.rssBytes
        this.batchesSinceLoad++
        this.events.onAnswer(this, { ...running!, ms: now - running!.startedAt }, message.answer)
      }
    }
  }

  private onExit(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.ended) return
    this.ended = true
    this.ready = false
    clearTimeout(this.timer)
    this.events.onExit(this, { code, signal, timedOut: this.timedOut })
  }
}
