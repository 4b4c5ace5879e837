import type { Client } from '../../client/client.js'
import type { Job } from '../../spec/job.js'

const pollMs = 3000

/** Asks for a job while it is queued: no event says that its place or what it waits for has changed. */
export class QueuePolls {
  private timer: NodeJS.Timeout | undefined

  constructor(
    private readonly client: Client,
    private readonly id: string,
    private readonly onJob: (job: Job) => void,
  ) {}

  /** Asks as long as the job is queued. */
  start({ status }: Job): void {
    this.stop()
    if (status === 'queued') this.timer = setInterval(() => void this.poll(), pollMs)
  }

  stop(): void {
    clearInterval(this.timer)
    this.timer = undefined
  }

  private async poll(): Promise<void> {
    // the stream says if the server does not answer
    const job = await this.client.jobs.get(this.id).catch(() => null)
    if (job?.status === 'queued' && this.timer !== undefined) this.onJob(job)
  }
}
