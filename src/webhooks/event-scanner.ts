import type { JobFeed } from '../spec/job-feed.js'
import type { ModelFeed } from '../spec/model-feed.js'
import { aliasEventsOf, type DetectedEvent, eventsOf } from './events.js'
import type { WebhookConfig, WebhookRecords } from './webhook-records.js'

/** Stop scanning a finished job after this delay, which allows for clock skew and just-created webhooks. */
const finishedAfterMs = 60_000
const finalStatuses: readonly string[] = ['succeeded', 'failed', 'cancelled']

/** Finds events in the records of jobs and models, and creates one message for each event and webhook. */
export class EventScanner {
  /** Jobs that ended some time ago and have a message for every event. */
  private readonly finished = new Set<string>()
  /** For the other jobs: ids of messages that are known to exist. */
  private readonly created = new Map<string, Set<string>>()
  /** By model: changes of aliases up to this number have a message for every webhook. */
  private readonly scannedModels = new Map<string, number>()

  constructor(
    private readonly records: WebhookRecords,
    private readonly jobs: JobFeed,
    private readonly models: ModelFeed,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Scans all jobs that may have new events. An error in one job does not affect the others. */
  async scanAll(webhooks: readonly WebhookConfig[]): Promise<void> {
    const ids = await this.jobs.ids()
    for (const id of ids) if (!this.finished.has(id)) await this.scan(id, webhooks)
    const existing = new Set(ids)
    for (const id of this.finished) if (!existing.has(id)) this.finished.delete(id)
    for (const id of this.created.keys()) if (!existing.has(id)) this.created.delete(id)
  }

  async scanAllModels(webhooks: readonly WebhookConfig[]): Promise<void> {
    const names = await this.models.names()
    for (const name of names) await this.scanModel(name, webhooks)
    const existing = new Set(names)
    for (const name of this.scannedModels.keys()) {
      if (!existing.has(name)) this.scannedModels.delete(name)
    }
  }

  /** Creates messages for the changes of a model's aliases since the last scan, and those of the last minute. */
  async scanModel(name: string, webhooks: readonly WebhookConfig[]): Promise<void> {
    await this.scanAliases(name, webhooks).catch(this.onError)
  }

  private async scanAliases(name: string, webhooks: readonly WebhookConfig[]): Promise<void> {
    const now = Date.now()
    const newest = await this.models.newest(name)
    const scanned = this.scannedModels.get(name) ?? 0
    if (newest <= scanned) return
    const changes = await this.models.changesAfter(name, scanned)
    for (const webhook of webhooks) {
      for (const { id, event, at, data } of aliasEventsOf(webhook, changes, now)) {
        await this.enqueue(webhook, { id, event, at }, null, async () => data)
      }
    }
    const settled = changes.filter(({ at }) => Date.parse(at) < now - finishedAfterMs)
    const isSettled = settled.length === changes.length
    this.scannedModels.set(name, isSettled ? newest : Math.max(scanned, settled.at(-1)?.n ?? 0))
  }

  /** Scans finished jobs again, since one may have been retried without a notification. */
  rescanFinished(): void {
    this.finished.clear()
  }

  async scan(id: string, webhooks: readonly WebhookConfig[]): Promise<void> {
    await this.scanJob(id, webhooks).catch(this.onError)
  }

  private async scanJob(id: string, webhooks: readonly WebhookConfig[]): Promise<void> {
    const now = Date.now()
    const history = await this.jobs.history(id)
    if (!history) return
    const created = this.created.get(id) ?? new Set()
    this.created.set(id, created)
    for (const webhook of webhooks) {
      for (const found of eventsOf(webhook, { id, ...history }, now)) {
        if (created.has(found.id)) continue
        await this.enqueue(webhook, found, id, () => this.jobs.view(id))
        created.add(found.id)
      }
    }
    const last = history.transitions.at(-1)
    if (
      last &&
      finalStatuses.includes(last.status) &&
      Date.parse(last.at) < now - finishedAfterMs
    ) {
      this.finished.add(id)
      this.created.delete(id)
    }
  }

  private async enqueue(
    webhook: WebhookConfig,
    { id, event, at }: DetectedEvent,
    job: string | null,
    read: () => Promise<object | null>,
  ) {
    if (await this.records.hasMessage(webhook.id, id)) return
    if (await this.records.isDisabled(webhook.id)) return
    const data = await read()
    if (!data) return
    const body = JSON.stringify({ type: event, timestamp: at, data })
    await this.records.enqueue(webhook.id, { id, event, job, at, body })
  }
}
