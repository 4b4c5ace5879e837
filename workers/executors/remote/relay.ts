import { hostname } from 'node:os'
import type { Redis } from 'ioredis'
import { ownProcessId } from '../../../src/processes.js'
import type { RankEnd, RankListener, RankProcess } from '../executor.js'
import { decodeFrame, Link } from './link.js'
import { ListReader } from './list-reader.js'
import {
  beatIntervalMs,
  type FromRelay,
  type RelayBeat,
  relayKeys,
  type ToRelay,
} from './messages.js'

/**
 * Beats of the worker that may be missed while Redis answers. The trainer ends itself after ten, between two steps;
 * this also ends one that is in a long step.
 */
const maxSilentBeats = 15
/**
 * How long the trainer goes on while Redis is away, in beats: ten minutes. The worker may be alive, and without Redis
 * no other worker takes the job. If only this machine has lost Redis, the attempt is fenced by its number.
 */
const maxOutageBeats = 300
/** A late second process of the same rank finds the claim of the first. */
const claimTtlSeconds = 86_400

export interface RelayOptions {
  /** The id of the link (`linkId`). */
  link: string
  /** The process id of the worker. */
  worker: string
  prefix: string
  /** A connection without a queue for commands. */
  redis: Redis
  /** A connection that waits while Redis is away. */
  reader: Redis
  startTrainer(listener: RankListener): RankProcess
  log(line: string): void
}

/** Stands in for the worker on the machine of a trainer, whose parent it is. */
export class Relay {
  private readonly keys
  private readonly link: Link<FromRelay, ToRelay, RelayBeat>
  private trainer: RankProcess | null = null
  private listReader: ListReader | null = null
  private timer: NodeJS.Timeout | undefined
  private silentBeats = 0
  private outageBeats = 0
  private hasReported = false
  private end: RankEnd | null = null
  private finish!: (exitCode: number) => void
  /** The exit code of the relay: 0 if the trainer reported how the attempt ended. */
  private readonly done: Promise<number>
  private readonly parent = process.ppid

  constructor(private readonly options: RelayOptions) {
    const { link: id, redis, prefix, worker, log } = options
    this.keys = relayKeys(prefix)
    this.done = new Promise(resolve => {
      this.finish = resolve
    })
    this.link = new Link({
      id,
      redis,
      list: this.keys.inbox(worker),
      onItem: item => this.onItem(item),
      onBeat: () => {
        this.silentBeats = 0
        this.trainer?.send({ type: 'lease' })
      },
      onOverflow: () => {
        log('the worker confirms nothing any more: the trainer is ended')
        this.trainer?.kill()
      },
    })
  }

  /** Runs the trainer until it ends and the worker knows. */
  async run(): Promise<number> {
    const { link, redis, reader, log } = this.options
    const claim = this.keys.claim(link)
    if ((await redis.set(claim, ownProcessId, 'EX', claimTtlSeconds, 'NX')) === null) {
      log(`another process, ${await redis.get(claim)}, runs this rank or has run it: this one ends`)
      return 1
    }
    this.link.send({ kind: 'begun', host: hostname(), pid: process.pid })
    this.trainer = this.options.startTrainer({
      onMessage: message => {
        if (['finished', 'failed', 'stopped'].includes(message.type)) this.hasReported = true
        this.link.send({ kind: 'message', message })
      },
      onLine: line => {
        log(line)
        this.link.send({ kind: 'line', line })
      },
      onStopped: text => this.link.send({ kind: 'stopped', text }),
      onEnd: end => {
        this.end = end
        this.link.send({ kind: 'end', end })
      },
    })
    this.listReader = new ListReader(reader, this.keys.outbox(link), bytes =>
      this.link.receive(decodeFrame(bytes)),
    )
    this.timer = setInterval(() => this.check(), beatIntervalMs)
    this.link.beat(null)
    const exitCode = await this.done
    clearInterval(this.timer)
    this.link.close()
    this.listReader.close()
    return exitCode
  }

  /** The machine wants the process to go: the trainer saves a checkpoint, and the job goes on elsewhere. */
  drain(): void {
    this.trainer?.send({ type: 'stop', reason: 'drain' })
  }

  private onItem(item: ToRelay): void {
    if (item.kind === 'message') this.trainer?.send(item.message)
    else if (item.kind === 'kill') this.trainer?.kill()
    else {
      // the worker has given it up, or it has ended
      this.trainer?.kill()
      this.finish(this.hasReported ? 0 : 1)
    }
  }

  private check(): void {
    const { redis, log } = this.options
    this.link.beat(this.end ? null : (this.trainer?.usage() ?? null))
    if (redis.status === 'ready') {
      this.outageBeats = 0
      this.silentBeats++
    } else {
      this.outageBeats++
      if (this.outageBeats < maxOutageBeats) this.trainer?.send({ type: 'lease' })
    }
    const isOrphan = process.ppid !== this.parent
    const isOut = this.outageBeats >= maxOutageBeats
    if (this.silentBeats < maxSilentBeats && !isOut && !isOrphan) return
    const { trainer } = this
    if (isOrphan) log('what started this process is gone: the trainer is ended')
    else if (isOut) log('Redis has been away for ten minutes: the trainer is ended')
    else log(`no sign of the worker for ${(maxSilentBeats * beatIntervalMs) / 1000} s: it ends`)
    trainer?.kill()
    this.finish(1)
  }
}
