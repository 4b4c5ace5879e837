import type { Job } from '../spec/job.js'
import type { CallOptions, Query } from './caller.js'
import { JobFailedError } from './errors.js'
import type { FollowOptions } from './events.js'
import type { JobCalls, JobStreamEvent } from './job-calls.js'
import type { PredictInput } from './predict-input.js'

/** A job of the server. Its calls are those of `client.jobs`, without the id. */
export class JobHandle {
  constructor(
    private readonly jobs: JobCalls,
    readonly id: string,
    /** The job as it was in the latest answer; undefined before there is one. */
    public latest?: Job,
  ) {}

  async get(options?: CallOptions): Promise<Job> {
    return this.keep(await this.jobs.get(this.id, options))
  }

  /** Waits until the job has succeeded, and returns it. Throws `JobFailedError` if it failed or was cancelled. */
  async wait(options?: Omit<FollowOptions, 'after'>): Promise<Job> {
    const job = this.keep(await this.jobs.wait(this.id, options))
    if (job.status !== 'succeeded') throw new JobFailedError(job)
    return job
  }

  /** Yields each row of metrics and each state, from the start of the job until it has ended. */
  async *follow(options?: FollowOptions): AsyncGenerator<JobStreamEvent> {
    for await (const event of this.jobs.follow(this.id, options)) {
      if (event.event === 'job') this.keep(event.data)
      yield event
    }
  }

  /** Yields the lines of the log until the job has ended. */
  followLogs(
    query?: { attempt?: number | undefined; tail?: number | undefined },
    options?: FollowOptions,
  ) {
    return this.jobs.followLogs(this.id, query, options)
  }

  metrics(query?: Query, options?: CallOptions) {
    return this.jobs.metrics(this.id, query, options)
  }

  logs(query?: Query, options?: CallOptions) {
    return this.jobs.logs(this.id, query, options)
  }

  checkpoints(options?: CallOptions) {
    return this.jobs.checkpoints(this.id, options)
  }

  /** Predicts with a checkpoint, also while the job runs. */
  predict(input: PredictInput, query?: Query, options?: CallOptions) {
    return this.jobs.predict(this.id, input, query, options)
  }

  async pause(options?: CallOptions): Promise<Job> {
    return this.keep(await this.jobs.pause(this.id, options))
  }

  async resume(options?: CallOptions): Promise<Job> {
    return this.keep(await this.jobs.resume(this.id, options))
  }

  async cancel(options?: CallOptions): Promise<Job> {
    return this.keep(await this.jobs.cancel(this.id, options))
  }

  async retry(options?: CallOptions): Promise<Job> {
    return this.keep(await this.jobs.retry(this.id, options))
  }

  delete(options?: CallOptions): Promise<void> {
    return this.jobs.delete(this.id, options)
  }

  private keep(job: Job): Job {
    this.latest = job
    return job
  }
}
