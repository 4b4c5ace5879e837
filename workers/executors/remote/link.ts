// A connection of two processes over two lists of Redis. Redis may lose any part of them, in a restart or a
// failover, and a write whose answer is lost may have been made. So each frame has a number: the receiver takes
// them in order and tells how far it is, and the sender keeps a frame until it has been received.
import { deserialize, serialize } from 'node:v8'
import type { Redis } from 'ioredis'

/** What is on its way beyond this means that the peer takes nothing any more. */
const maxPendingBytes = 64 * 2 ** 20
/** Lists that nobody reads go away. */
const listTtlSeconds = 3600
/** Messages within this time travel together. */
const batchMs = 10
/** A frame that as many later beats of the peer do not confirm is sent again. */
const beatsBeforeResend = 2

/** `B`: what a beat tells. */
export interface Frame<T, B> {
  /** Which link it belongs to. */
  link: string
  /** Number of the frame; 0 for a beat, which is not repeated. */
  number: number
  /** The number of the last frame that its sender has received. */
  received: number
  items: T[]
  beat?: B
}

export const encodeFrame = (frame: Frame<unknown, unknown>): Buffer => serialize(frame)
export const decodeFrame = <T, B>(bytes: Buffer): Frame<T, B> => deserialize(bytes)

export interface LinkOptions<T, B> {
  id: string
  /** A connection without a queue for commands: what fails is sent again. */
  redis: Redis
  /** The list that the peer reads. */
  list: string
  onItem(item: T): void
  /** The peer is alive. */
  onBeat(beat: B | undefined): void
  /** So much is unconfirmed that something is wrong. */
  onOverflow(): void
}

/** `S` is sent and `R` received; with a beat, `SB` and `RB` respectively. */
export class Link<S, R, SB = undefined, RB = undefined> {
  private sent = 0
  private received = 0
  private batch: S[] = []
  private batchTimer: NodeJS.Timeout | undefined
  private pending: { number: number; bytes: Buffer; beats: number }[] = []
  private pendingBytes = 0
  private closed = false

  constructor(private readonly options: LinkOptions<R, RB>) {}

  send(item: S): void {
    if (this.closed) return
    this.batch.push(item)
    this.batchTimer ??= setTimeout(() => this.flush(), batchMs)
  }

  /** Tells the peer that this side is alive, and what it has received. */
  beat(beat?: SB): void {
    if (this.closed) return
    this.write(this.encode(0, [], beat))
  }

  receive(frame: Frame<R, RB>): void {
    if (this.closed) return
    this.confirm(frame.received)
    if (frame.number === 0) {
      this.options.onBeat(frame.beat)
      this.resendLate()
    } else if (frame.number === this.received + 1) {
      // a frame that came before is a repetition; one that comes too early is sent again after those before it
      this.received++
      this.options.onBeat(undefined)
      for (const item of frame.items) this.options.onItem(item)
    }
  }

  close(): void {
    this.closed = true
    clearTimeout(this.batchTimer)
    this.pending = []
    this.batch = []
  }

  private flush(): void {
    this.batchTimer = undefined
    const number = ++this.sent
    const bytes = this.encode(number, this.batch)
    this.batch = []
    this.pending.push({ number, bytes, beats: 0 })
    this.pendingBytes += bytes.length
    if (this.pendingBytes > maxPendingBytes) this.options.onOverflow()
    else this.write(bytes)
  }

  private confirm(number: number): void {
    while (this.pending[0] && this.pending[0].number <= number)
      this.pendingBytes -= this.pending.shift()!.bytes.length
  }

  private resendLate(): void {
    for (const frame of this.pending) frame.beats++
    if ((this.pending[0]?.beats ?? 0) <= beatsBeforeResend) return
    for (const frame of this.pending) {
      frame.beats = 0
      this.write(frame.bytes)
    }
  }

  private encode(number: number, items: S[], beat?: SB): Buffer {
    const { received } = this
    const { id: link } = this.options
    return encodeFrame({ link, number, received, items, ...(beat !== undefined && { beat }) })
  }

  private write(bytes: Buffer): void {
    const { redis, list } = this.options
    redis.pipeline().rpush(list, bytes).expire(list, listTtlSeconds).exec().catch(ignore)
  }
}

/** What could not be written is sent again, and the connection logs its errors. */
const ignore = () => {}
