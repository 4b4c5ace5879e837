import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { TrainyardError } from '../errors.js'
import type {
  PredictorMessage,
  PredictRequest,
  Probabilities,
  RowsInput,
  RowValues,
} from '../spec/ipc-messages.js'

/** A child process that predicts: by networks from images, or by trees from rows. */
export interface PredictorOf<Input, Answer> {
  /** Whether the engine is loaded. */
  ready(): boolean
  predict(folder: string, input: Input): Promise<Answer>
  close(): Promise<void>
}
export type Predictor = PredictorOf<PredictRequest['input'], Probabilities>
export type RowPredictor = PredictorOf<RowsInput, RowValues>

interface Log {
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

export interface PredictorOptions {
  /** What runs in the child: a file that takes requests and speaks PredictorMessage. */
  script: string
  env: NodeJS.ProcessEnv
  log: Log
  timeoutMs?: number
  mostInFlight?: number
}

/** Starts the child at once, so that its engine is warm when the first request comes. */
export function openPredictor(options: PredictorOptions): Predictor {
  const client = new PredictorClient<PredictRequest['input'], Probabilities>(options)
  client.start()
  return client
}

/** Starts the child with the first request: many servers have no trees. */
export const openRowPredictor = (options: PredictorOptions): RowPredictor =>
  new PredictorClient<RowsInput, RowValues>(options)

interface Waiting<Answer> {
  resolve(answer: Answer): void
  reject(error: Error): void
  timer: NodeJS.Timeout
}

const firstBackoffMs = 100
const longestBackoffMs = 5000
const closeGraceMs = 2000

class PredictorClient<Input, Answer> implements PredictorOf<Input, Answer> {
  private child: ChildProcess | null = null
  private isReady = false
  private closed = false
  private lastId = 0
  private backoffMs = firstBackoffMs
  private restart: NodeJS.Timeout | undefined
  private readonly waiting = new Map<number, Waiting<Answer>>()
  private started = false

  constructor(private readonly options: PredictorOptions) {}

  ready(): boolean {
    return this.isReady
  }

  predict(folder: string, input: Input): Promise<Answer> {
    if (!this.started) this.start()
    const { timeoutMs = 30_000, mostInFlight = 64 } = this.options
    const { child } = this
    if (!child?.connected) return Promise.reject(restarted())
    if (this.waiting.size >= mostInFlight) return Promise.reject(busy(mostInFlight))
    const id = ++this.lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.settle(id)?.reject(tooSlow(timeoutMs))
        // it hangs in native code, from which nothing but its end brings it back
        child.kill('SIGKILL')
      }, timeoutMs)
      this.waiting.set(id, { resolve, reject, timer })
      // where the child is gone, its exit fails the request
      child.send({ id, folder, input }, () => {})
    })
  }

  async close(): Promise<void> {
    this.closed = true
    clearTimeout(this.restart)
    const { child } = this
    if (!child) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), closeGraceMs)
    await ended
    clearTimeout(force)
  }

  start(): void {
    this.started = true
    const { script, env } = this.options
    const child = fork(script, {
      env,
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.child = child
    // TensorFlow remarks on this and that as it loads
    for (const output of [child.stdout!, child.stderr!]) {
      createInterface(output).on('line', line => this.options.log.debug({ line }, 'the predictor'))
    }
    child.on('message', message => this.receive(message as PredictorMessage<Answer>))
    // a child that cannot be talked to is of no use
    child.on('disconnect', () => child.kill('SIGKILL'))
    child.on('error', error => this.options.log.warn({ err: error }, 'the predictor has trouble'))
    child.once('exit', (code, signal) => this.ended(code, signal))
  }

  private receive(message: PredictorMessage<Answer>): void {
    if (message.type === 'ready') {
      this.isReady = true
      this.options.log.info({ pid: this.child?.pid }, 'the predictor is ready')
      return
    }
    const request = this.settle(message.id)
    if (message.type === 'answer') {
      this.backoffMs = firstBackoffMs
      const { type: _type, id: _id, ...answer } = message
      request?.resolve(answer as Answer)
    } else {
      request?.reject(failure(message))
    }
  }

  private ended(code: number | null, signal: NodeJS.Signals | null): void {
    this.child = null
    this.isReady = false
    for (const id of [...this.waiting.keys()]) this.settle(id)?.reject(restarted())
    if (this.closed) return
    this.options.log.warn(
      { code, signal, backoffMs: this.backoffMs },
      'the predictor ended; restarting',
    )
    this.restart = setTimeout(() => this.start(), this.backoffMs)
    this.backoffMs = Math.min(2 * this.backoffMs, longestBackoffMs)
  }

  private settle(id: number): Waiting<Answer> | undefined {
    const request = this.waiting.get(id)
    clearTimeout(request?.timer)
    this.waiting.delete(id)
    return request
  }
}

const restarted = () =>
  new TrainyardError('PREDICTOR_RESTARTED', 'unavailable', 'the predictor restarts; try again')

const busy = (most: number) =>
  new TrainyardError('PREDICTOR_BUSY', 'unavailable', `${most} predictions wait already; try again`)

const tooSlow = (timeoutMs: number) =>
  new TrainyardError('PREDICTOR_TIMEOUT', 'unavailable', `no prediction within ${timeoutMs} ms`)

/** A coded error is about the request; the child's own faults come as INTERNAL. */
const failure = ({ code, message }: { code: string; message: string }): Error =>
  code === 'INTERNAL' ? new Error(message) : new TrainyardError(code, 'invalid', message)
