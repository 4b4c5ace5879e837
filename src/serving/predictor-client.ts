import type { ChildProcess } from 'node:child_process'
import { decodeError } from '../ipc/wire-error.js'
import type { PredictorMessage, RowsInput, RowValues } from '../spec/ipc-messages.js'
import { busyError, restartedError, timeoutError } from './errors.js'
import { closePredictor, forkPredictor, type PredictorChildOptions } from './predictor-child.js'

/** A child process that predicts with boosted trees from rows. */
export interface RowPredictor {
  /** Whether the engine is loaded. */
  ready(): boolean
  /** How often the child has ended and been started again. */
  readonly restarts: number
  /** Requests that wait for an answer. */
  readonly inFlight: number
  predict(folder: string, input: RowsInput): Promise<RowValues>
  /** As `predict`, if it waits for nothing; else null. */
  predictNow(folder: string, input: RowsInput): RowValues | null
  close(): Promise<void>
}

/** The script answers each RowsRequest with a PredictorMessage. */
export interface PredictorOptions extends PredictorChildOptions {
  /** Default: 30,000. */
  timeoutMs?: number
  /** The largest number of requests that wait for an answer at the same time. Default: 64. */
  maxInFlight?: number
}

/** Starts the child with the first request, because many servers have no boosted trees. */
export const openRowPredictor = (options: PredictorOptions): RowPredictor =>
  new PredictorClient(options)

interface PendingRequest {
  resolve(answer: RowValues): void
  reject(error: Error): void
  timer: NodeJS.Timeout
}

const initialBackoffMs = 100
const maxBackoffMs = 5000

class PredictorClient implements RowPredictor {
  private child: ChildProcess | null = null
  private isReady = false
  private closed = false
  private lastId = 0
  private backoffMs = initialBackoffMs
  private restartTimer: NodeJS.Timeout | undefined
  private readonly pending = new Map<number, PendingRequest>()
  private started = false
  restarts = 0

  constructor(private readonly options: PredictorOptions) {}

  ready(): boolean {
    return this.isReady
  }

  get inFlight(): number {
    return this.pending.size
  }

  predict(folder: string, input: RowsInput): Promise<RowValues> {
    if (!this.started) this.start()
    const { timeoutMs = 30_000, maxInFlight = 64 } = this.options
    const { child } = this
    if (!child?.connected) return Promise.reject(restartedError())
    if (this.pending.size >= maxInFlight) return Promise.reject(busyError(maxInFlight))
    const id = ++this.lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.takePending(id)?.reject(timeoutError(timeoutMs))
        // The child hangs in native code, which cannot be interrupted.
        child.kill('SIGKILL')
      }, timeoutMs)
      this.pending.set(id, { resolve, reject, timer })
      // If the child has ended, `onExit` rejects the request.
      child.send({ id, folder, input }, () => {})
    })
  }

  predictNow(): null {
    return null
  }

  async close(): Promise<void> {
    this.closed = true
    clearTimeout(this.restartTimer)
    if (this.child) await closePredictor(this.child)
  }

  private start(): void {
    this.started = true
    const child = forkPredictor(this.options)
    this.child = child
    child.on('message', message => this.onMessage(message as PredictorMessage<RowValues>))
    child.once('exit', (code, signal) => this.onExit(code, signal))
  }

  private onMessage(message: PredictorMessage<RowValues>): void {
    if (message.type === 'ready') {
      this.isReady = true
      this.options.log.info({ pid: this.child?.pid }, 'the predictor is ready')
      return
    }
    const request = this.takePending(message.id)
    if (message.type === 'answer') {
      this.backoffMs = initialBackoffMs
      const { type: _type, id: _id, ...output } = message
      request?.resolve(output)
    } else {
      request?.reject(decodeError(message.error))
    }
  }

  private onExit(code: number | null, signal: NodeJS.Signals | null): void {
    this.child = null
    this.isReady = false
    for (const id of [...this.pending.keys()]) this.takePending(id)?.reject(restartedError())
    if (this.closed) return
    this.options.log.warn(
      { code, signal, backoffMs: this.backoffMs },
      'the predictor ended and will be restarted',
    )
    this.restartTimer = setTimeout(() => {
      this.restarts++
      this.start()
    }, this.backoffMs)
    this.backoffMs = Math.min(2 * this.backoffMs, maxBackoffMs)
  }

  private takePending(id: number): PendingRequest | undefined {
    const request = this.pending.get(id)
    clearTimeout(request?.timer)
    this.pending.delete(id)
    return request
  }
}
