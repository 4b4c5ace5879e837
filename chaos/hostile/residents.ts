// Well-behaved clients beside the hostile ones: what they do must work, and its results must be right.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, ProblemError } from '../../src/client/client.js'
import type { Job, JobRequest } from '../../src/spec/job.js'
import type { Random } from '../random.js'
import type { Tally } from './tally.js'
import { smallBoosting, smallNetwork, type World, waitForEnd } from './world.js'

const jobPauseMs = 1000
const predictPauseMs = 500
const retryPauseMs = 250
const retryTimeoutMs = 60_000

/** Submits jobs and predicts until `signal` aborts. Jobs that do not succeed, and other predictions, are wrong. */
export class Residents {
  jobs = 0
  predictions = 0
  private readonly ended = new AbortController()
  private readonly done: Promise<unknown>

  constructor(
    private readonly client: Client,
    private readonly world: World,
    private readonly tally: Tally,
    random: Random,
    /** Part of the names of its jobs. */
    private readonly name: string,
    over: AbortSignal,
  ) {
    over.addEventListener('abort', () => this.ended.abort())
    this.done = Promise.all([this.trainJobs(random), this.predict()])
  }

  /** Resolves after the last accepted job has ended. */
  async close(): Promise<void> {
    this.ended.abort()
    await this.done
  }

  private async trainJobs(random: Random): Promise<void> {
    for (let i = 0; !this.ended.signal.aborted; i++) {
      const isNetwork = random.next() < 0.3
      const name = `${this.name}-${i}`
      const request = isNetwork ? smallNetwork(name) : smallBoosting(name)
      const job = await this.retry(() => this.submit(request, i))
      if (job === null) continue
      this.jobs++
      const end = await waitForEnd(this.client, job).catch((error: Error) => error)
      if (end instanceof Error) this.tally.addWrong(`a job is lost: ${end.message}`)
      else if (end.status !== 'succeeded') {
        this.tally.addWrong(`job ${job.id} is ${end.status}: ${end.failure?.message}`)
      }
      await this.pause(jobPauseMs)
    }
  }

  /** Sent again with the same key, it is the same job. */
  private submit(request: JobRequest, i: number): Promise<Job> {
    return this.client.jobs.submit(request, { idempotencyKey: `${this.name}-${i}` })
  }

  private async predict(): Promise<void> {
    while (!this.ended.signal.aborted) {
      const answer = await this.retry(this.world.predict)
      if (answer !== null) this.predictions++
      if (answer !== null && answer !== this.world.expected) {
        this.tally.addWrong(`a prediction changed: ${answer}`)
      }
      await this.pause(predictPauseMs)
    }
  }

  /** Tries again what a process that is down did not answer, as clients do; null if the end came first. */
  private async retry<T>(work: () => Promise<T>): Promise<T | null> {
    const since = performance.now()
    while (!this.ended.signal.aborted) {
      try {
        return await work()
      } catch (error) {
        if (error instanceof ProblemError && error.problem.status !== 503) {
          this.tally.addWrong(`a right request was refused: ${error.message}`)
          return null
        }
        if (performance.now() - since > retryTimeoutMs) {
          this.tally.addWrong(`no answer for ${retryTimeoutMs / 1000} s: ${error}`)
          return null
        }
        await this.pause(retryPauseMs)
      }
    }
    return null
  }

  private pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.ended.signal }).catch(() => {})
  }
}
