import { ulid } from 'ulid'
import { invalidCursor } from '../errors.js'
import type { Page } from '../spec/paging.js'
import {
  type CreatedWebhook,
  type Delivery,
  isWebhookId,
  type Webhook,
  type WebhookRequest,
  webhookEvents,
} from '../spec/webhook.js'
import type { Store } from '../store/store.js'
import { Deliverer } from './deliverer.js'
import { tooManyWebhooks, webhookDisabled, webhookNotFound } from './errors.js'
import { Finder, type JobSource } from './event-scanner.js'
import { floorOfIds, horizonMs } from './events.js'
import { retryDelaysMs } from './retry-backoff.js'
import { secretText, signingKey } from './signature.js'
import { parseTarget, type Reach, resolveTarget } from './target.js'
import { type DeliveryRecord, type WebhookFacts, WebhookRecords } from './webhook-records.js'

export interface WebhooksParts {
  store: Store
  jobs: JobSource & {
    /** Calls when a job may have changed; a call may get lost. */
    onChange(listener: (id: string) => void): () => void
  }
  /** Of the server, and the same after a restart: the webhooks' secrets follow from it. */
  serverSecret: string
  reach: Reach
  log: {
    info(details: object, message: string): void
    warn(details: object, message: string): void
  }
  /** Shorter in tests. */
  timing?: Partial<Timing>
}

interface Timing {
  timeoutMs: number
  retryDelaysMs: readonly number[]
  lookEveryMs: number
  findEveryMs: number
}

const usual: Timing = { timeoutMs: 10_000, retryDelaysMs, lookEveryMs: 1000, findEveryMs: 60_000 }
const sweepEveryMs = 3600_000
const most = 100
/** Between two looks where jobs change all the time: one look serves all that changed meanwhile. */
const restMs = 50

/**
 * Webhooks on what happens to jobs. The events are read off the store's record of jobs, and the store
 * says which were delivered: a server or a Redis that goes away in between costs time and no event.
 */
export class Webhooks {
  readonly attempts = { delivered: 0, failed: 0 }
  private readonly records: WebhookRecords
  private readonly finder: Finder
  private readonly deliverer: Deliverer
  private readonly timing: Timing
  private readonly changed = new Set<string>()
  private readonly silence: () => void
  private findAllAt = 0
  private sweepAt = Date.now() + sweepEveryMs
  private timer: NodeJS.Timeout | null = null
  private looking: Promise<void> | null = null
  private again = false
  private closed = false

  constructor(private readonly parts: WebhooksParts) {
    this.timing = { ...usual, ...parts.timing }
    const { timeoutMs, retryDelaysMs } = this.timing
    this.records = new WebhookRecords(parts.store)
    this.finder = new Finder(this.records, parts.jobs, error => this.complain(error))
    this.deliverer = new Deliverer({
      ...{ records: this.records, serverSecret: parts.serverSecret, reach: parts.reach },
      ...{ timeoutMs, retryDelaysMs },
      onEnd: (webhook, { id, event, job }, { statusCode, error, durationMs }) => {
        this.attempts[error ? 'failed' : 'delivered']++
        const details = { webhook, delivery: id, event, job, statusCode, error, durationMs }
        parts.log.info(details, 'webhook called')
        this.wake()
      },
      onTrouble: error => this.complain(error),
    })
    this.silence = parts.jobs.onChange(id => {
      this.changed.add(id)
      this.wake()
    })
    this.wake()
  }

  /** How many deliveries wait for an attempt. */
  get pending(): number {
    return this.deliverer.pending
  }

  async create({ url, events, labels }: WebhookRequest): Promise<CreatedWebhook> {
    const { reach, serverSecret } = this.parts
    await resolveTarget(parseTarget(url, reach), reach)
    if ((await this.records.ids()).length >= most) throw tooManyWebhooks(most)
    const webhook = {
      ...{ id: `wh-${ulid().toLowerCase()}`, url, labels: labels ?? {} },
      events: events ?? [...webhookEvents],
      createdAt: new Date().toISOString(),
    }
    await this.records.create(webhook)
    const secret = secretText(signingKey(serverSecret, webhook.id))
    return { ...webhook, disabled: null, secret }
  }

  async get(id: string): Promise<Webhook> {
    const webhook = isWebhookId(id) ? await this.records.get(id) : null
    if (!webhook) throw webhookNotFound(id)
    return webhook
  }

  /** Newest first. */
  async list({ limit, cursor }: { limit: number; cursor?: string }): Promise<Page<Webhook>> {
    if (cursor !== undefined && !isWebhookId(cursor)) throw invalidCursor(cursor)
    const page = pageOf(await this.records.ids(), limit, cursor)
    const found = await Promise.all(page.items.map(id => this.records.get(id)))
    return { ...page, items: found.filter(webhook => webhook !== null) }
  }

  async remove(id: string): Promise<void> {
    await this.get(id)
    await this.records.remove(id)
  }

  /** Newest first. */
  async deliveries(
    id: string,
    { limit, cursor }: { limit: number; cursor?: string },
  ): Promise<Page<Delivery>> {
    const { disabled } = await this.get(id)
    if (cursor !== undefined && !/^msg_[0-9a-z]{26}$/.test(cursor)) throw invalidCursor(cursor)
    const page = pageOf(await this.records.deliveryIds(id), limit, cursor)
    const found = await Promise.all(page.items.map(each => this.records.delivery(id, each)))
    const items = found.filter(record => record !== null)
    return { ...page, items: items.map(record => viewDelivery(record, disabled !== null)) }
  }

  /** Sends a ping now, and once; the answer says how it went. */
  async test(id: string): Promise<Delivery> {
    const webhook = await this.get(id)
    if (webhook.disabled) throw webhookDisabled(id, webhook.disabled.reason)
    const at = new Date().toISOString()
    const ping = { id: `msg_${ulid().toLowerCase()}`, event: 'ping' as const, job: null, at }
    const body = JSON.stringify({ type: ping.event, timestamp: at, data: { webhook: id } })
    await this.records.createMessage(id, { ...ping, body })
    await this.deliverer.attempt(webhook, { ...ping, body })
    const record = await this.records.delivery(id, ping.id)
    if (!record) throw webhookNotFound(id)
    return viewDelivery(record, false)
  }

  async close(): Promise<void> {
    this.closed = true
    this.silence()
    if (this.timer) clearTimeout(this.timer)
    await this.looking
  }

  /** Looks now, or once more after the look that is under way. */
  private wake(): void {
    if (this.closed) return
    if (this.looking !== null) {
      this.again = true
      return
    }
    if (this.timer) clearTimeout(this.timer)
    this.looking = this.look()
      .catch(error => this.complain(error))
      .finally(() => {
        this.looking = null
        const { lookEveryMs } = this.timing
        const delay = this.again ? Math.min(restMs, lookEveryMs) : lookEveryMs
        this.again = false
        if (!this.closed) this.timer = setTimeout(() => this.wake(), delay)
      })
  }

  private async look(): Promise<void> {
    const webhooks = await this.records.facts()
    const changed = [...this.changed]
    this.changed.clear()
    if (webhooks.length > 0) await this.find(webhooks, changed)
    await this.deliverer.look(webhooks)
    if (Date.now() > this.sweepAt) await this.sweep(webhooks)
  }

  private async find(webhooks: readonly WebhookFacts[], changed: readonly string[]) {
    for (const id of changed) await this.finder.find(id, webhooks)
    if (Date.now() < this.findAllAt) return
    await this.finder.findAll(webhooks)
    this.findAllAt = Date.now() + this.timing.findEveryMs
  }

  private async sweep(webhooks: readonly { id: string }[]): Promise<void> {
    this.sweepAt = Date.now() + sweepEveryMs
    this.finder.forget()
    // what an attempt wrote while its webhook was removed
    for (const id of await this.records.ids()) {
      if (!(await this.records.get(id))) await this.records.remove(id)
    }
    // a day later than the finder looks: what is removed is not found again
    const floor = floorOfIds(Date.now() - horizonMs - 24 * 3600_000)
    for (const { id } of webhooks) {
      for (const delivery of await this.records.deliveryIds(id)) {
        if (delivery >= floor) break
        await this.records.removeDelivery(id, delivery)
      }
    }
  }

  private complain(error: unknown): void {
    this.parts.log.warn({ err: error }, 'webhooks have trouble; trying again')
  }
}

/** Ids in ascending order → a page of them, the last first. */
function pageOf(ids: readonly string[], limit: number, cursor: string | undefined): Page<string> {
  const older = ids.filter(id => cursor === undefined || id < cursor).reverse()
  const items = older.slice(0, limit)
  return { items, nextCursor: older.length > limit ? (items.at(-1) ?? null) : null }
}

function viewDelivery({ message, attempts }: DeliveryRecord, disabled: boolean): Delivery {
  const { body: _, ...facts } = message
  const last = attempts.at(-1)?.end
  const over = last?.nextAttemptAt === null
  const delivered = over && last.error === null
  const status = delivered ? 'delivered' : over || disabled ? 'failed' : 'pending'
  return {
    ...facts,
    status,
    attempts: attempts.map(({ startedAt, end }) => ({
      startedAt,
      durationMs: end?.durationMs ?? null,
      statusCode: end?.statusCode ?? null,
      error: end?.error ?? null,
    })),
    nextAttemptAt: status === 'pending' ? (last?.nextAttemptAt ?? null) : null,
  }
}
