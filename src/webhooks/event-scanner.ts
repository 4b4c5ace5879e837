import type { Job } from '../spec/job.js'
import { eventsOf, type FoundEvent, type JobLife } from './events.js'
import type { WebhookFacts, WebhookRecords } from './webhook-records.js'

export interface JobSource {
  ids(): Promise<string[]>
  /** null where there is no such job. */
  life(id: string): Promise<JobLife | null>
  /** As the API answers it; null where there is no such job. */
  view(id: string): Promise<Job | null>
}

/** Clocks differ, and a webhook may be younger than our list of them: a job is left in peace after this. */
const restMs = 60_000
const ends: readonly string[] = ['succeeded', 'failed', 'cancelled']

/** Finds the events that the record of jobs implies, and makes each a message once. */
export class Finder {
  /** Jobs that ended a while ago, all of whose events are messages. */
  private readonly finished = new Set<string>()
  /** Of the other jobs: the messages known to be there. */
  private readonly made = new Map<string, Set<string>>()

  constructor(
    private readonly records: WebhookRecords,
    private readonly jobs: JobSource,
    private readonly onTrouble: (error: unknown) => void,
  ) {}

  /** All jobs that may have news. One that cannot be read holds up no other. */
  async findAll(webhooks: readonly WebhookFacts[]): Promise<void> {
    const ids = await this.jobs.ids()
    for (const id of ids) if (!this.finished.has(id)) await this.find(id, webhooks)
    const there = new Set(ids)
    for (const id of this.finished) if (!there.has(id)) this.finished.delete(id)
    for (const id of this.made.keys()) if (!there.has(id)) this.made.delete(id)
  }

  /** A job that ended may have been tried again unseen. */
  forget(): void {
    this.finished.clear()
  }

  async find(id: string, webhooks: readonly WebhookFacts[]): Promise<void> {
    await this.findNews(id, webhooks).catch(this.onTrouble)
  }

  private async findNews(id: string, webhooks: readonly WebhookFacts[]): Promise<void> {
    const now = Date.now()
    const life = await this.jobs.life(id)
    if (!life) return
    const made = this.made.get(id) ?? new Set()
    this.made.set(id, made)
    for (const webhook of webhooks) {
      for (const found of eventsOf(webhook, { id, ...life }, now)) {
        if (!made.has(found.id)) await this.make(webhook, id, found)
        made.add(found.id)
      }
    }
    const last = life.transitions.at(-1)
    if (last && ends.includes(last.status) && Date.parse(last.at) < now - restMs) {
      this.finished.add(id)
      this.made.delete(id)
    }
  }

  private async make(webhook: WebhookFacts, job: string, { id, event, at }: FoundEvent) {
    if (await this.records.hasMessage(webhook.id, id)) return
    if (await this.records.isDisabled(webhook.id)) return
    const data = await this.jobs.view(job)
    if (!data) return
    const body = JSON.stringify({ type: event, timestamp: at, data })
    await this.records.plan(webhook.id, { id, event, job, at, body })
  }
}
