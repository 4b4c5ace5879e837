import type { Delivery, DeliveryAttempt, Webhook } from '../spec/webhook.js'
import type { Store } from '../store/store.js'
import { webhookPaths } from './webhook-paths.js'

/** What is sent, made once: every attempt sends the same bytes. */
export interface StoredMessage extends Pick<Delivery, 'id' | 'event' | 'job' | 'at'> {
  body: string
}

/** What a webhook asks for: it never changes. */
export type WebhookConfig = Omit<Webhook, 'disabled'>

/** How an attempt ended, and when the next one is due: null where there is none. */
export interface AttemptResult extends Omit<DeliveryAttempt, 'startedAt'> {
  nextAttemptAt: string | null
}

export interface DeliveryRecord {
  message: StoredMessage
  /** Oldest first; null is the end of one that runs, or whose server died. */
  attempts: { startedAt: string; end: AttemptResult | null }[]
}

/**
 * What is durably known of webhooks. Every file is created once, and exclusively: a delivery's name
 * follows from its event, so that it is made once however often the event is found, and an attempt
 * belongs to whoever created its beginning. So replicas need no lock between them.
 */
export class WebhookRecords {
  /** What never changes is read once. */
  private readonly cache = new Map<string, WebhookConfig>()

  constructor(private readonly store: Store) {}

  async create(webhook: WebhookConfig): Promise<void> {
    await this.store.createJson<WebhookConfig>(webhookPaths(webhook.id).webhook, webhook)
  }

  /** Oldest first. */
  async ids(): Promise<string[]> {
    return this.store.list('webhooks')
  }

  async get(id: string): Promise<Webhook | null> {
    const paths = webhookPaths(id)
    const config = await this.store.readJson<WebhookConfig>(paths.webhook)
    if (!config) return null
    return { ...config, disabled: await this.store.readJson<Webhook['disabled']>(paths.disabled) }
  }

  /** What those that exist ask for; `disabled` is looked up when it matters. */
  async configs(): Promise<WebhookConfig[]> {
    const ids = await this.ids()
    for (const id of this.cache.keys()) if (!ids.includes(id)) this.cache.delete(id)
    for (const id of ids) {
      if (this.cache.has(id)) continue
      const config = await this.store.readJson<WebhookConfig>(webhookPaths(id).webhook)
      if (config) this.cache.set(id, config)
    }
    return [...this.cache.values()]
  }

  async isDisabled(id: string): Promise<boolean> {
    return (await this.store.readJson(webhookPaths(id).disabled)) !== null
  }

  async disable(id: string, reason: string): Promise<void> {
    await this.store.createJson<Webhook['disabled']>(webhookPaths(id).disabled, {
      at: new Date().toISOString(),
      reason,
    })
  }

  async remove(id: string): Promise<void> {
    await this.store.remove(webhookPaths(id).root)
  }

  async hasMessage(webhook: string, id: string): Promise<boolean> {
    return (await this.store.readJson(webhookPaths(webhook).delivery(id).message)) !== null
  }

  /** The mark comes first: a message without one would never be sent. */
  async enqueue(webhook: string, message: StoredMessage): Promise<void> {
    await this.store.claim(webhookPaths(webhook).pendingMarker(message.id))
    await this.createMessage(webhook, message)
  }

  async createMessage(webhook: string, message: StoredMessage): Promise<void> {
    await this.store.createJson<StoredMessage>(
      webhookPaths(webhook).delivery(message.id).message,
      message,
    )
  }

  /** In the order of their events. */
  pending(webhook: string): Promise<string[]> {
    return this.store.list(webhookPaths(webhook).pending)
  }

  async removePending(webhook: string, delivery: string): Promise<void> {
    await this.store.remove(webhookPaths(webhook).pendingMarker(delivery))
  }

  /** In the order of their events. */
  deliveryIds(webhook: string): Promise<string[]> {
    return this.store.list(webhookPaths(webhook).deliveries)
  }

  async delivery(webhook: string, id: string): Promise<DeliveryRecord | null> {
    const paths = webhookPaths(webhook).delivery(id)
    const message = await this.store.readJson<StoredMessage>(paths.message)
    if (!message) return null
    const names = await this.store.list(paths.folder)
    const startedCount = names.filter(name => name.startsWith('started-')).length
    const attempts = await Promise.all(
      Array.from({ length: startedCount }, async (_, i) => {
        const started = await this.store.readJson<{ startedAt: string }>(paths.started(i + 1))
        const end = await this.store.readJson<AttemptResult>(paths.finished(i + 1))
        return { startedAt: started?.startedAt ?? message.at, end }
      }),
    )
    return { message, attempts }
  }

  /** False where somebody else makes this attempt. */
  claimAttempt(webhook: string, id: string, attempt: number, startedAt: string): Promise<boolean> {
    const paths = webhookPaths(webhook).delivery(id)
    return this.store.createJson<{ startedAt: string }>(paths.started(attempt), { startedAt })
  }

  async finishAttempt(
    webhook: string,
    id: string,
    attempt: number,
    result: AttemptResult,
  ): Promise<void> {
    await this.store.createJson<AttemptResult>(
      webhookPaths(webhook).delivery(id).finished(attempt),
      result,
    )
  }

  async removeDelivery(webhook: string, id: string): Promise<void> {
    await this.store.remove(webhookPaths(webhook).pendingMarker(id))
    await this.store.remove(webhookPaths(webhook).delivery(id).folder)
  }
}
