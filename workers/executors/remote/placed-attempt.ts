import { setTimeout as sleep } from 'node:timers/promises'
import { type Engine, EngineRefusal, type EngineState, type Submission } from '../engine.js'
import type { RemoteRank } from './remote-rank.js'

const defaultPollMs = 3000
/** Messages of a rank that has ended in order are heard before so many polls have told of its end. */
const endedPolls = 2
/** A rank whose engine says that it has ended, and which still speaks: the engine counts its place as free. */
const speakingPolls = 10
/** What runs and says nothing for so many polls cannot reach Redis. */
const muteRunningPolls = 60
/** An engine that is asked so often for what it does not know has lost it. */
const unknownPolls = 2

/** Gives one attempt to an engine, and watches it there until all its ranks have ended. */
export class PlacedAttempt {
  private polls = { ended: 0, mute: 0, unknown: 0 }
  private lastLine = ''
  private isOver = false
  private readonly stopController = new AbortController()

  constructor(
    private readonly engine: Engine,
    private readonly submission: Submission,
    private readonly ranks: readonly RemoteRank[],
    private readonly pollMs = defaultPollMs,
  ) {}

  /** Returns after the ranks have ended and the engine has stopped them, if it had to. */
  async run(): Promise<void> {
    await this.submit()
    while (!this.isOver) {
      await this.wait()
      if (this.isOver) break
      try {
        await this.judge(await this.engine.state(this.submission.id))
        this.lastLine = ''
      } catch (error) {
        // trainers that run need no engine
        this.say(`${this.engine.name} does not answer: ${reasonOf(error)}`)
      }
    }
  }

  /** All ranks have ended. */
  finish(): void {
    this.isOver = true
    this.stopController.abort()
  }

  private async submit(): Promise<void> {
    for (let delayMs = 1000; !this.isOver; delayMs = Math.min(2 * delayMs, 10_000)) {
      try {
        await this.engine.submit(this.submission)
        return this.say(`given to ${this.engine.name} as ${this.submission.id}`)
      } catch (error) {
        const reason = reasonOf(error)
        if (error instanceof EngineRefusal)
          return this.fail(`${this.engine.name} refuses the job: ${reason}`)
        this.say(`${this.engine.name} does not take the job, which is offered again: ${reason}`)
        await this.wait(delayMs)
      }
    }
  }

  private async judge(state: EngineState): Promise<void> {
    const { polls, ranks, engine } = this
    const isHeard = ranks.some(rank => rank.isHeard)
    const hasBegun = ranks.every(rank => rank.hasBegun)
    polls.ended = state.kind === 'ended' ? polls.ended + 1 : 0
    polls.unknown = state.kind === 'unknown' ? polls.unknown + 1 : 0
    polls.mute = state.kind === 'running' && !hasBegun ? polls.mute + 1 : 0
    if (state.kind === 'waiting' && state.reason)
      this.say(`waits in ${engine.name}: ${state.reason}`)
    if (state.kind === 'ended' && polls.ended >= (isHeard ? speakingPolls : endedPolls)) {
      const line = await this.sayLogs()
      const hint = line === undefined ? '' : `; the last line there: ${line}`
      this.lose(`${engine.name} says: ${state.reason}${hint}`)
    }
    if (polls.unknown >= unknownPolls && !isHeard) {
      if (hasBegun) this.lose(`${engine.name} does not know it any more`)
      else await this.engine.submit(this.submission)
    }
    if (polls.mute < muteRunningPolls) return
    await this.sayLogs()
    this.fail(
      `it runs in ${engine.name} but does not reach this worker: see whether its node reaches Redis (REDIS_URL)`,
    )
  }

  /** What a process printed that could not tell its worker. Returns the last line. */
  private async sayLogs(): Promise<string | undefined> {
    const mute = this.ranks.filter(rank => !rank.hasBegun)
    if (mute.length === 0) return undefined
    const lines = await this.engine.logs(this.submission.id).catch(() => [])
    for (const line of lines) for (const rank of mute) rank.say(line)
    return lines.at(-1)
  }

  private say(line: string): void {
    if (line === this.lastLine) return
    this.lastLine = line
    for (const rank of this.ranks) rank.say(line)
  }

  private fail(reason: string): void {
    for (const rank of this.ranks) rank.fail(reason)
  }

  private lose(reason: string): void {
    for (const rank of this.ranks) {
      if (rank.hasBegun) rank.lose(reason)
      else rank.fail(reason)
    }
  }

  private async wait(ms = this.pollMs): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopController.signal }).catch(() => {})
  }
}

/** `fetch` hides why in the cause. */
export const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error & { cause?: Error }
  return cause?.message ? `${message}: ${cause.message}` : message
}
