import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessUsage } from '../../src/processes.js'
import type { FromTrainer, StopReason, TrainerTask } from '../../src/spec/ipc-messages.js'
import type { TrainerExit, TrainerListener, TrainerProcess } from './trainer-process.js'

/** The worker's side of an attempt: one trainer, or several that train together. */
export type Trainer = Pick<
  TrainerProcess,
  'exit' | 'listen' | 'start' | 'stop' | 'kill' | 'grantMemory' | 'usage'
>

/**
 * If a rank dies, its neighbours mostly notice within milliseconds and end by themselves. Their ends may be heard of before
 * its own, which says what happened.
 */
const causeWaitMs = 1000

/**
 * The trainers of one attempt, one for each rank, supervised as one. Rank 0 speaks for all. The attempt ends with
 * rank 0, or with the first rank that ends before it has done its part; then all others are killed, and `exit` resolves when
 * none is left.
 */
export class TrainerGang implements Trainer {
  readonly exit: Promise<TrainerExit>
  /** Ranks that have done their part. */
  private readonly left = new Set<number>()
  private listener: TrainerListener | null = null
  /** Ranks that have ended, in order. */
  private readonly ended: { rank: number; exit: TrainerExit; wasKilled: boolean }[] = []
  private isEnding = false
  private hasFailed = false
  /** What ranks have said that waits for the others. */
  private readonly said = new Map<number, string>()

  constructor(private readonly trainers: readonly TrainerProcess[]) {
    for (const [rank, trainer] of trainers.entries()) {
      trainer.listen({
        onMessage: message => this.onMessage(rank, message),
        onLine: line => {
          // the others print the same, and what they end with is logged at their end
          if (rank === 0) this.listener?.onLine(line)
        },
      })
    }
    const ends = trainers.map(({ exit }, rank) => exit.then(end => this.onExit(rank, end)))
    this.exit = Promise.all(ends).then(() => this.cause())
  }

  listen(listener: TrainerListener): void {
    this.listener = listener
  }

  start(task: TrainerTask): void {
    for (const trainer of this.trainers) trainer.start(task)
  }

  grantMemory(): void {
    for (const trainer of this.trainers) trainer.grantMemory()
  }

  /** Rank 0 tells the others, so that all stop after the same step. */
  stop(reason: StopReason): void {
    this.trainers[0]!.stop(reason)
  }

  kill(reason?: string): void {
    for (const trainer of this.trainers) trainer.kill(reason)
  }

  usage(): ProcessUsage | null {
    const usages = this.trainers.map(trainer => trainer.usage()).filter(usage => usage !== null)
    return usages.length === 0 ? null : usages.reduce(sum)
  }

  private onMessage(rank: number, message: FromTrainer): void {
    if (message.type === 'left') this.left.add(rank)
    else if (message.type === 'leader') this.tellOthers(rank, message.address)
    else if (message.type === 'gather') this.gather(rank, message.value)
    // all ranks may find the same, and each may be the first to say so
    else if (message.type === 'failed') this.fail(message)
    else if (rank === 0) this.listener?.onMessage(message)
  }

  private tellOthers(rank: number, address: string): void {
    for (const [other, trainer] of this.trainers.entries()) {
      if (other !== rank) trainer.tellLeader(address)
    }
  }

  private gather(rank: number, value: string): void {
    this.said.set(rank, value)
    if (this.said.size < this.trainers.length) return
    const values = this.trainers.map((_, each) => this.said.get(each)!)
    this.said.clear()
    for (const trainer of this.trainers) trainer.tellGathered(values)
  }

  private fail(message: FromTrainer): void {
    if (this.hasFailed) return
    this.hasFailed = true
    this.listener?.onMessage(message)
  }

  private async onExit(rank: number, exit: TrainerExit): Promise<void> {
    this.ended.push({ rank, exit, wasKilled: this.isEnding })
    if (this.isEnding || (rank > 0 && this.left.has(rank))) return
    if (exit.error?.lostRank) await sleep(causeWaitMs)
    if (this.isEnding) return
    this.isEnding = true
    const running = this.trainers.filter((_, each) => !this.ended.some(({ rank }) => rank === each))
    for (const trainer of running) trainer.kill(`of a gang whose rank ${rank} has ended`)
  }

  /** The end that the others follow from. */
  private cause(): TrainerExit {
    const own = this.ended.filter(({ rank, wasKilled }) => !wasKilled && !this.left.has(rank))
    const first = own.find(({ exit }) => !exit.error?.lostRank) ?? own[0] ?? this.ended[0]!
    const { rank, exit } = first
    if (rank > 0) {
      for (const line of exit.outputTail) this.listener?.onLine(`rank ${rank}: ${line}`)
    }
    return { ...exit, rank }
  }
}

const sum = (one: ProcessUsage, other: ProcessUsage): ProcessUsage => ({
  at: Math.max(one.at, other.at),
  cpuMs: one.cpuMs + other.cpuMs,
  residentBytes: added(one.residentBytes, other.residentBytes),
  disk:
    one.disk && other.disk
      ? {
          read: one.disk.read + other.disk.read,
          written: one.disk.written + other.disk.written,
        }
      : (one.disk ?? other.disk),
  isTraced: one.isTraced || other.isTraced,
})

const added = (one: number | null, other: number | null): number | null =>
  one === null && other === null ? null : (one ?? 0) + (other ?? 0)
