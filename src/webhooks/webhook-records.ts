import { Type } from 'typebox'
import { DamagedError, isDamaged, nullIfDamaged } from '../errors.js'
import { Timestamp } from '../spec/identifiers.js'
import { nullable } from '../spec/nullable.js'
import {
  Delivery,
  type DeliveryAttempt,
  isMessageId,
  isWebhookId,
  Webhook,
} from '../spec/webhook.js'
import { DamageRegistry } from '../store/damage-registry.js'
import { shapeOf } from '../store/shape.js'
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

const { disabled: Disabled, ...configFields } = Webhook.properties
const webhookConfig = shapeOf<WebhookConfig>(Type.Object(configFields))
const disabledMark = shapeOf<Webhook['disabled']>(Disabled)
const { id, event, at } = Delivery.properties
const storedMessage = shapeOf<StoredMessage>(
  Type.Object({ id, event, job: nullable(Type.String()), at, body: Type.String() }),
)
const startedAttempt = shapeOf<{ startedAt: string }>(Type.Object({ startedAt: Timestamp }))
const attemptResult = shapeOf<AttemptResult>(
  Type.Object({
    durationMs: nullable(Type.Number()),
    statusCode: nullable(Type.Integer()),
    error: nullable(Type.String()),
    nextAttemptAt: nullable(Timestamp),
  }),
)

/**
 * Webhooks, messages and attempts in the store. Every file is created exclusively, so several servers need
 * no lock: a delivery's id derives from its event, so it is created once, and an attempt belongs to the
 * server that created its `started` file.
 */
export class WebhookRecords {
  /** Configs never change, so each is read once. */
  private readonly cache = new Map<string, WebhookConfig>()

  constructor(
    private readonly store: Store,
    readonly damage: DamageRegistry = new DamageRegistry(),
  ) {}

  async create(webhook: WebhookConfig): Promise<void> {
    await this.store.createJson<WebhookConfig>(webhookPaths(webhook.id).webhook, webhook)
  }

  /** Oldest first. Other names in the folder are passed over. */
  async ids(): Promise<string[]> {
    const ids = (await this.store.list('webhooks')).filter(isWebhookId)
    this.damage.retain('webhook', new Set(ids.map(id => webhookPaths(id).root)))
    return ids
  }

  /** Throws a DamagedError if its config or its mark of being disabled is damaged. */
  async get(id: string): Promise<Webhook | null> {
    const paths = webhookPaths(id)
    const config = await this.store.readJson<WebhookConfig>(paths.webhook, webhookConfig)
    if (!config) return null
    if (config.id !== id) throw new DamagedError(paths.webhook, `is the config of ${config.id}`)
    const disabled = await this.store.readJson<Webhook['disabled']>(paths.disabled, disabledMark)
    return { ...config, disabled }
  }

  /** Like `get`, but returns null for damage and remembers it. */
  tryGet(id: string): Promise<Webhook | null> {
    return this.damage.tryRead('webhook', webhookPaths(id).root, () => this.get(id))
  }

  /** Configs of all webhooks that are not damaged. Call `isDisabled` before you send. */
  async configs(): Promise<WebhookConfig[]> {
    const ids = await this.ids()
    for (const id of this.cache.keys()) if (!ids.includes(id)) this.cache.delete(id)
    for (const id of ids) {
      if (this.cache.has(id)) continue
      const found = await this.tryGet(id)
      if (!found) continue
      const { disabled: _, ...config } = found
      this.cache.set(id, config)
    }
    return [...this.cache.values()]
  }

  /** Nothing is sent to a webhook whose mark is damaged. */
  async isDisabled(id: string): Promise<boolean> {
    try {
      return (await this.store.readJson(webhookPaths(id).disabled, disabledMark)) !== null
    } catch (error) {
      if (!isDamaged(error)) throw error
      this.damage.add(error)
      return true
    }
  }

  async disable(id: string, reason: string): Promise<void> {
    await this.store.createJson<Webhook['disabled']>(webhookPaths(id).disabled, {
      at: new Date().toISOString(),
      reason,
    })
  }

  async remove(id: string): Promise<void> {
    const { root } = webhookPaths(id)
    await this.store.remove(root)
    this.damage.forget('webhook', root)
  }

  /**
   * Whether the webhook exists, damaged or not. A folder without a config was made by an attempt that ran while
   * its webhook was deleted.
   */
  async exists(id: string): Promise<boolean> {
    return (await this.store.list(webhookPaths(id).root)).includes('webhook.json')
  }

  async hasMessage(webhook: string, id: string): Promise<boolean> {
    return (await this.store.list(webhookPaths(webhook).delivery(id).folder)).includes(
      'message.json',
    )
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
  async pending(webhook: string): Promise<string[]> {
    return (await this.store.list(webhookPaths(webhook).pending)).filter(isMessageId)
  }

  async removePending(webhook: string, delivery: string): Promise<void> {
    await this.store.remove(webhookPaths(webhook).pendingMarker(delivery))
  }

  /** Ids of deliveries, oldest event first. */
  async deliveryIds(webhook: string): Promise<string[]> {
    return (await this.store.list(webhookPaths(webhook).deliveries)).filter(isMessageId)
  }

  /**
   * Throws a DamagedError if the message is damaged. An attempt whose start or end is damaged counts as one
   * without it.
   */
  async delivery(webhook: string, id: string): Promise<DeliveryRecord | null> {
    const paths = webhookPaths(webhook).delivery(id)
    const message = await this.store.readJson<StoredMessage>(paths.message, storedMessage)
    if (!message) return null
    const names = await this.store.list(paths.folder)
    const started = names.map(name => Number(/^started-([1-9]\d{0,5})\.json$/.exec(name)?.[1] ?? 0))
    const attempts = await Promise.all(
      Array.from({ length: Math.max(0, ...started) }, async (_, i) => {
        const [start, end] = await Promise.all([
          this.store.readJson(paths.started(i + 1), startedAttempt).catch(nullIfDamaged),
          this.store.readJson(paths.finished(i + 1), attemptResult).catch(nullIfDamaged),
        ])
        return { startedAt: start?.startedAt ?? message.at, end }
      }),
    )
    return { message, attempts }
  }

  isDamaged(webhook: string, id: string): boolean {
    return this.damage.has('delivery', webhookPaths(webhook).delivery(id).folder)
  }

  /** Like `delivery`, but returns null for damage and remembers it. */
  tryDelivery(webhook: string, id: string): Promise<DeliveryRecord | null> {
    const { folder } = webhookPaths(webhook).delivery(id)
    return this.damage.tryRead('delivery', folder, () => this.delivery(webhook, id))
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
    const { folder } = webhookPaths(webhook).delivery(id)
    await this.store.remove(folder)
    this.damage.forget('delivery', folder)
  }
}
