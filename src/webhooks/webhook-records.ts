import type { Delivery, DeliveryAttempt, Webhook } from '../spec/webhook.js'
import type { Store } from '../store/store.js'
import { webhookKeys } from './webhook-paths.js'

/** What is sent, made once: every attempt sends the same bytes. */
export interface StoredMessage extends Pick<Delivery, 'id' | 'event' | 'job' | 'at'> {
  body: string
}

/** What a webhook asks for: it never changes. */
export type WebhookFacts = Omit<Webhook, 'disabled'>

/** How an attempt ended, and when the next one is due: null where there is none. */
export interface AttemptEnd extends Omit<DeliveryAttempt, 'startedAt'> {
  nextAttemptAt: string | null
}

export interface DeliveryRecord {
  message: StoredMessage
  /** Oldest first; null is the end of one that runs, or whose server died. */
  attempts: { startedAt: string; end: AttemptEnd | null }[]
}

/**
 * What is durably known of webhooks. Every file is created once, and exclusively: a delivery's name
 * follows from its event, so that it is made once however often the event is found, and an attempt
 * belongs to whoever created its beginning. So replicas need no lock between them.
 */
export class WebhookRecords {
  /** What never changes is read once. */
  private readonly known = new Map<string, WebhookFacts>()

  constructor(private readonly store: Store) {}

  async create(webhook: WebhookFacts): Promise<void> {
    await this.store.createJson(webhookKeys(webhook.id).webhook, webhook)
  }

  /** Oldest first. */
  async ids(): Promise<string[]> {
    return this.store.list('webhooks')
  }

  async get(id: string): Promise<Webhook | null> {
    const keys = webhookKeys(id)
    const facts = await this.store.readJson<WebhookFacts>(keys.webhook)
    if (!facts) return null
    return { ...facts, disabled: await this.store.readJson<Webhook['disabled']>(keys.disabled) }
  }

  /** What those that exist ask for; `disabled` is looked up when it matters. */
  async facts(): Promise<WebhookFacts[]> {
    const ids = await this.ids()
    for (const id of this.known.keys()) if (!ids.includes(id)) this.known.delete(id)
    for (const id of ids) {
      if (this.known.has(id)) continue
      const facts = await this.store.readJson<WebhookFacts>(webhookKeys(id).webhook)
      if (facts) this.known.set(id, facts)
    }
    return [...this.known.values()]
  }

  async isDisabled(id: string): Promise<boolean> {
    return (await this.store.readJson(webhookKeys(id).disabled)) !== null
  }

  async disable(id: string, reason: string): Promise<void> {
    await this.store.createJson(webhookKeys(id).disabled, { at: new Date().toISOString(), reason })
  }

  async remove(id: string): Promise<void> {
    await this.store.remove(webhookKeys(id).root)
  }

  async hasMessage(webhook: string, id: string): Promise<boolean> {
    return (await this.store.readJson(webhookKeys(webhook).delivery(id).message)) !== null
  }

  /** The mark comes first: a message without one would never be sent. */
  async plan(webhook: string, message: StoredMessage): Promise<void> {
    await this.store.claim(webhookKeys(webhook).mark(message.id))
    await this.createMessage(webhook, message)
  }

  async createMessage(webhook: string, message: StoredMessage): Promise<void> {
    await this.store.createJson(webhookKeys(webhook).delivery(message.id).message, message)
  }

  /** In the order of their events. */
  pending(webhook: string): Promise<string[]> {
    return this.store.list(webhookKeys(webhook).pending)
  }

  async settle(webhook: string, delivery: string): Promise<void> {
    await this.store.remove(webhookKeys(webhook).mark(delivery))
  }

  /** In the order of their events. */
  deliveryIds(webhook: string): Promise<string[]> {
    return this.store.list(webhookKeys(webhook).deliveries)
  }

  async delivery(webhook: string, id: string): Promise<DeliveryRecord | null> {
    const keys = webhookKeys(webhook).delivery(id)
    const message = await this.store.readJson<StoredMessage>(keys.message)
    if (!message) return null
    const names = await this.store.list(keys.folder)
    const begun = names.filter(name => name.startsWith('begun-')).length
    const attempts = await Promise.all(
      Array.from({ length: begun }, async (_, i) => {
        const beginning = await this.store.readJson<{ startedAt: string }>(keys.begun(i + 1))
        const end = await this.store.readJson<AttemptEnd>(keys.ended(i + 1))
        return { startedAt: beginning?.startedAt ?? message.at, end }
      }),
    )
    return { message, attempts }
  }

  /** False where somebody else makes this attempt. */
  begin(webhook: string, id: string, attempt: number, startedAt: string): Promise<boolean> {
    const keys = webhookKeys(webhook).delivery(id)
    return this.store.createJson(keys.begun(attempt), { startedAt })
  }

  async end(webhook: string, id: string, attempt: number, end: AttemptEnd): Promise<void> {
    await this.store.createJson(webhookKeys(webhook).delivery(id).ended(attempt), end)
  }

  async removeDelivery(webhook: string, id: string): Promise<void> {
    await this.store.remove(webhookKeys(webhook).mark(id))
    await this.store.remove(webhookKeys(webhook).delivery(id).folder)
  }
}
