import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { redisNames } from '../../../src/jobs/queue/redis.js'
import type { Logger } from '../../../src/log.js'
import { relayEnvironment } from '../../../src/placement.js'
import type { Engine, Submission } from '../engine.js'
import type { Executor, Gang, RankListener, RankProcess, SlotResources } from '../executor.js'
import { decodeFrame, type Frame } from './link.js'
import { ListReader } from './list-reader.js'
import { type FromRelay, linkId, type RelayBeat, relayKeys } from './messages.js'
import { PlacedAttempt, reasonOf } from './placed-attempt.js'
import { RemoteRank } from './remote-rank.js'

/** How often a worker looks for what dead workers have left in the engine. */
const sweepIntervalMs = 30_000

const stopRetryDelaysMs = [500, 1000, 2000, 4000]

export interface RemoteExecutorOptions {
  engine: Engine
  /** A connection without a queue for commands. */
  redis: Redis
  /** A connection of its own, which waits while Redis is away. */
  reader: Redis
  prefix: string
  /** The process id of this worker, and its version. */
  worker: string
  version: string
  /** What each rank gets. A job that asks for GPUs gets so many. */
  cpus: number
  gpus: number
  memoryBytes: number | null
  /** Settings of this worker that count for its trainers, none of them secret. */
  environment: Readonly<Record<string, string>>
  log: Pick<Logger, 'warn'>
  pollMs?: number
}

/** Lets an engine run the trainers on other machines, and speaks with them through Redis. */
export class RemoteExecutor implements Executor {
  readonly name
  readonly gangProblem
  /** A trainer that waits for a job would hold a place of the cluster. */
  readonly spare = null
  private readonly keys
  private readonly ranks = new Map<string, RemoteRank>()
  private readonly running = new Set<Promise<void>>()
  private readonly listReader: ListReader
  private readonly sweepTimer: NodeJS.Timeout
  /** What was found left by a worker that did not report. */
  private suspects: ReadonlySet<string> = new Set()

  constructor(private readonly options: RemoteExecutorOptions) {
    const { engine, prefix, reader, worker } = options
    this.name = engine.name
    this.gangProblem = engine.gangProblem
    this.keys = relayKeys(prefix)
    this.listReader = new ListReader(reader, this.keys.inbox(worker), bytes => {
      const frame: Frame<FromRelay, RelayBeat> = decodeFrame(bytes)
      this.ranks.get(frame.link)?.receive(frame)
    })
    this.sweepTimer = setInterval(() => void this.sweep().catch(() => {}), sweepIntervalMs)
  }

  place(gang: Gang, slot: SlotResources, listeners: readonly RankListener[]): RankProcess[] {
    const { engine, redis, log } = this.options
    const submission = this.submissionOf(gang, slot)
    let left = gang.world
    // once: each rank may ask for it
    let stopped: Promise<void> | null = null
    const stop = () => {
      stopped ??= this.stop(submission.id)
    }
    const ranks = listeners.map((listener, rank) => {
      const link = linkId({ ...gang, rank })
      const process = new RemoteRank({
        link,
        redis,
        outbox: this.keys.outbox(link),
        listener,
        isConnected: () => redis.status === 'ready',
        stopByEngine: stop,
        onGone: () => {
          this.ranks.delete(link)
          if (--left === 0) attempt.finish()
        },
      })
      this.ranks.set(link, process)
      return process
    })
    const attempt = new PlacedAttempt(engine, submission, ranks, this.options.pollMs)
    const run = async () => {
      await this.stopEarlier(gang).catch(() => {})
      await this.note(submission.id)
      await attempt.run()
      await stopped
      await this.forget(submission.id)
    }
    const done = run()
      .catch(error => log.warn({ job: gang.job, reason: reasonOf(error) }, 'could not end a rank'))
      .finally(() => this.running.delete(done))
    this.running.add(done)
    return ranks
  }

  async close(): Promise<void> {
    clearInterval(this.sweepTimer)
    for (const rank of this.ranks.values()) rank.kill()
    await Promise.all(this.running)
    this.listReader.close()
  }

  private submissionOf(gang: Gang, { environment: engineVariables }: SlotResources): Submission {
    const { worker, version, cpus, memoryBytes, environment } = this.options
    const { job, attempt, world, devices } = gang
    const gpus = gang.gpus || this.options.gpus
    return {
      id: submissionId(job, attempt),
      job,
      attempt,
      world,
      cpus,
      gpus: gpus > 0 ? Math.max(gpus, devices) : 0,
      memoryBytes,
      environment: {
        ...environment,
        ...(engineVariables as Record<string, string>),
        ...relayEnvironment({ job, worker, version }),
        TRAINYARD_ATTEMPT: String(attempt),
        TRAINYARD_WORLD: String(world),
        TRAINYARD_DEVICES: String(devices),
      },
    }
  }

  private async stop(id: string): Promise<void> {
    const { engine, log } = this.options
    for (const delayMs of [...stopRetryDelaysMs, null]) {
      try {
        return await engine.stop(id)
      } catch (error) {
        if (delayMs !== null) await sleep(delayMs)
        // its lease has ended, and with it the trainer
        else log.warn({ submission: id, reason: reasonOf(error) }, `${engine.name} cannot stop it`)
      }
    }
  }

  /** What this job's earlier attempts have left in the engine runs for nobody. */
  private async stopEarlier({ job, attempt }: Gang): Promise<void> {
    const own = submissionId(job, attempt)
    const prefix = own.slice(0, own.lastIndexOf('-') + 1)
    for (const id of Object.keys(await this.placed())) {
      if (id === own || !id.startsWith(prefix)) continue
      await this.options.engine.stop(id)
      await this.forget(id)
    }
  }

  /** Stops what workers that have died left in the engine: it would start for nobody, and take a place meanwhile. */
  private async sweep(): Promise<void> {
    const { engine, redis, prefix, worker } = this.options
    const left: string[] = []
    for (const [id, owner] of Object.entries(await this.placed())) {
      if (owner === worker) continue
      if ((await redis.exists(redisNames(prefix).worker(owner))) === 0) left.push(id)
    }
    for (const id of left.filter(each => this.suspects.has(each))) {
      await engine.stop(id)
      await this.forget(id)
    }
    this.suspects = new Set(left)
  }

  /** Ids in this engine, with the workers that placed them. */
  private async placed(): Promise<Record<string, string>> {
    const all = await this.options.redis.hgetall(this.keys.placed)
    const own = `${this.name}/`
    return Object.fromEntries(
      Object.entries(all)
        .filter(([field]) => field.startsWith(own))
        .map(([field, worker]) => [field.slice(own.length), worker]),
    )
  }

  private async note(id: string): Promise<void> {
    const { redis, worker } = this.options
    // without the note it is stopped by its own lease
    await redis.hset(this.keys.placed, `${this.name}/${id}`, worker).catch(() => {})
  }

  private async forget(id: string): Promise<void> {
    await this.options.redis.hdel(this.keys.placed, `${this.name}/${id}`).catch(() => {})
  }
}

/** Engines allow small letters, digits and dashes. */
const submissionId = (job: string, attempt: number) => `trainyard-${job.toLowerCase()}-${attempt}`
