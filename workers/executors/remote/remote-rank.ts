import type { Redis } from 'ioredis'
import type { ProcessUsage } from '../../../src/processes.js'
import type { ToTrainer } from '../../../src/spec/ipc-messages.js'
import type { RankEnd, RankListener, RankProcess } from '../executor.js'
import { type Frame, Link } from './link.js'
import { beatIntervalMs, type FromRelay, type RelayBeat, type ToRelay } from './messages.js'

/** A relay beats every two seconds. So many checks without a sign, while Redis answers, mean that it is gone. */
const maxSilentChecks = 15
/** A rank whose relay does not end it within this time is stopped by the engine. */
const killByEngineAfterMs = 5000
/** After this time it is given up: its attempt is fenced. */
const giveUpAfterMs = 15_000
const closeDelayMs = 1000

export interface RemoteRankOptions {
  link: string
  redis: Redis
  /** The list that its relay reads. */
  outbox: string
  listener: RankListener
  /** Whether this worker hears what Redis has. */
  isConnected(): boolean
  /** Lets the engine stop the whole attempt, which may not have begun. */
  stopByEngine(): void
  /** Called once, after its end. */
  onGone(): void
}

/** The worker's side of a trainer on another machine. */
export class RemoteRank implements RankProcess {
  private readonly link: Link<ToRelay, FromRelay, undefined, RelayBeat>
  private begun = false
  private ended = false
  private silentChecks = 0
  private lastUsage: ProcessUsage | null = null
  private killTimers: NodeJS.Timeout[] = []
  private readonly checkTimer: NodeJS.Timeout

  constructor(private readonly options: RemoteRankOptions) {
    this.link = new Link({
      id: options.link,
      redis: options.redis,
      list: options.outbox,
      onItem: item => this.onItem(item),
      onBeat: beat => {
        this.silentChecks = 0
        // the clocks of two machines cannot be compared
        if (beat) this.lastUsage = { ...beat, at: performance.now() }
      },
      onOverflow: () => this.lose('it confirms nothing any more'),
    })
    this.checkTimer = setInterval(() => this.check(), beatIntervalMs)
  }

  get isWaiting(): boolean {
    return !this.begun
  }

  get hasBegun(): boolean {
    return this.begun
  }

  /** Whether its relay has been heard of lately. */
  get isHeard(): boolean {
    return this.begun && this.silentChecks < 3
  }

  receive(frame: Frame<FromRelay, RelayBeat>): void {
    this.link.receive(frame)
  }

  /** A line of the engine about it. */
  say(line: string): void {
    if (!this.ended) this.options.listener.onLine(line)
  }

  send(message: ToTrainer): void {
    // a lease that waits would be worth nothing when it arrives
    if (message.type !== 'lease') this.link.send({ kind: 'message', message })
    else if (this.begun) this.link.beat()
  }

  kill(): void {
    if (this.ended || this.killTimers.length > 0) return
    const end: RankEnd = { code: null, signal: 'SIGKILL', lost: null }
    if (!this.begun) {
      this.options.stopByEngine()
      this.finish(end)
      return
    }
    this.link.send({ kind: 'kill' })
    this.killTimers = [
      setTimeout(() => this.options.stopByEngine(), killByEngineAfterMs),
      setTimeout(() => this.finish(end), giveUpAfterMs),
    ]
  }

  /** It has ended without a word. `reason` completes "the trainer was lost: …". */
  lose(reason: string): void {
    if (this.ended) return
    this.options.stopByEngine()
    this.finish({ code: null, signal: null, lost: reason })
  }

  /** It could not begin, and another attempt may. */
  fail(reason: string): void {
    if (this.ended) return
    this.options.listener.onLine(reason)
    this.options.stopByEngine()
    this.finish({ code: null, signal: null, lost: null })
  }

  /** Null if it is not new. */
  usage(): ProcessUsage | null {
    return this.isHeard ? this.lastUsage : null
  }

  /** Its machine is not ours. */
  lowerPriority(): void {}

  private onItem(item: FromRelay): void {
    const { listener } = this.options
    if (this.ended) return
    switch (item.kind) {
      case 'begun':
        this.begun = true
        listener.onLine(`the trainer runs on ${item.host}`)
        this.link.beat()
        break
      case 'message':
        listener.onMessage(item.message)
        break
      case 'line':
        listener.onLine(item.line)
        break
      case 'stopped':
        listener.onStopped(item.text)
        break
      case 'end':
        this.finish(item.end)
        break
      default:
        item satisfies never
    }
  }

  private check(): void {
    if (!this.begun || this.ended || !this.options.isConnected()) return
    if (++this.silentChecks < maxSilentChecks) return
    this.lose(`it was not heard of for ${(maxSilentChecks * beatIntervalMs) / 1000} s`)
  }

  private finish(end: RankEnd): void {
    if (this.ended) return
    this.ended = true
    clearInterval(this.checkTimer)
    for (const timer of this.killTimers) clearTimeout(timer)
    // what it reports from now on is of nobody's interest, but it may go when it knows that its end is known
    if (this.begun) this.link.send({ kind: 'bye' })
    setTimeout(() => this.link.close(), closeDelayMs)
    this.options.listener.onEnd(end)
    this.options.onGone()
  }
}
