import type { Delivery, DeliveryAttempt, Webhook } from '../spec/webhook.js'
import type { Store } from '../store/store.js'
import { webhookPaths } from './webhook-paths.js'

/** A message with its body. Every attempt sends the same bytes. */
export interface StoredMessage extends Pick<Delivery, 'id' | 'event' | 'job' | 'at'> {
  body: string
}

/** The part of a webhook that never changes. */
export type WebhookConfig = Omit<Webhook, 'disabled'>

/** How an attempt ended. `nextAttemptAt` is null if no other attempt follows. */
export interface AttemptResult extends Omit<DeliveryAttempt, 'startedAt'> {
  nextAttemptAt: string | null
}

export interface DeliveryRecord {
  message: StoredMessage
  /** Oldest first. `end` is null if the attempt runs, or if its server died. */
  attempts: { startedAt: string; end: AttemptResult | null }[]
}

/**
 * Webhooks, messages and attempts in the store. Every file is created exclusively, so several servers need
 * no lock: a delivery's id derives from its event, so it is created once, and an attempt belongs to the
 * server that created its `started` file.
 */
export class WebhookRecords {
  /** Configs never change, so each is read once. */
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

  /** Configs of all webhooks. Call `isDisabled` before you send. */
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

  /** Creates the pending marker first: a message without one would never be sent. */
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

  /** Ids of deliveries, oldest event first. */
  pending(webhook: string): Promise<string[]> {
    return this.store.list(webhookPaths(webhook).pending)
  }

  async removePending(webhook: string, delivery: string): Promise<void> {
    await this.store.remove(webhookPaths(webhook).pendingMarker(delivery))
  }

  /** Ids of deliveries, oldest event first. */
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

  /** Returns false if another server makes this attempt. */
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
