import { ulid } from 'ulid'
import { isDamaged, nullIfDamaged } from '../errors.js'
import { type Listing, listingOf, selectPage } from '../lists/listing.js'
import type { Order } from '../lists/order.js'
import type { ListQuery } from '../lists/page-selector.js'
import type { Logger } from '../log.js'
import type { AllowedNetworks } from '../net/addresses.js'
import type { DamagedItem } from '../spec/damage.js'
import type { JobFeed } from '../spec/job-feed.js'
import type { ModelFeed } from '../spec/model-feed.js'
import {
  type CreatedWebhook,
  type Delivery,
  isWebhookId,
  type Webhook,
  type WebhookRequest,
  webhookEvents,
} from '../spec/webhook.js'
import { type DamageRegistry, toItem } from '../store/damage-registry.js'
import type { Store } from '../store/store.js'
import { Deliverer } from './deliverer.js'
import { tooManyWebhooks, webhookDisabled, webhookNotFound } from './errors.js'
import { EventScanner } from './event-scanner.js'
import { minMessageId, retentionMs } from './events.js'
import { retryDelaysMs } from './retry-backoff.js'
import { formatSecret, signingKey } from './signature.js'
import { parseTarget, resolveTarget } from './target.js'
import { type DeliveryRecord, type WebhookConfig, WebhookRecords } from './webhook-records.js'

export interface WebhooksDeps {
  store: Store
  jobs: JobFeed
  models: ModelFeed
  /** Must stay the same across restarts, since the webhooks' secrets are derived from it. */
  serverSecret: string
  allowedNetworks: AllowedNetworks
  log: Pick<Logger, 'info' | 'warn'>
  damage?: DamageRegistry
  /** Shorter in tests. */
  timing?: Partial<Timing>
}

interface Timing {
  timeoutMs: number
  retryDelaysMs: readonly number[]
  pollIntervalMs: number
  scanIntervalMs: number
}

const defaultTiming: Timing = {
  timeoutMs: 10_000,
  retryDelaysMs,
  pollIntervalMs: 1000,
  scanIntervalMs: 60_000,
}
const sweepIntervalMs = 3600_000
const maxWebhooks = 100
/** Delay between two polls while jobs change all the time. One poll handles all changes since the last. */
const minPollDelayMs = 50

/**
 * Webhooks for events of jobs and of the aliases of models. Both the events and their deliveries are in the store, so a crash of the
 * server or of Redis delays events but loses none.
 */
export class Webhooks {
  readonly attempts = { delivered: 0, failed: 0 }
  private readonly records: WebhookRecords
  private readonly scanner: EventScanner
  private readonly deliverer: Deliverer
  private readonly timing: Timing
  private readonly changedJobs = new Set<string>()
  private readonly changedModels = new Set<string>()
  private readonly unsubscribe: () => void
  private nextScanAt = 0
  private nextSweepAt = Date.now() + sweepIntervalMs
  private timer: NodeJS.Timeout | null = null
  private polling: Promise<void> | null = null
  private pollAgain = false
  private closed = false

  constructor(private readonly deps: WebhooksDeps) {
    this.timing = { ...defaultTiming, ...deps.timing }
    const { timeoutMs, retryDelaysMs } = this.timing
    this.records = new WebhookRecords(deps.store, deps.damage)
    this.scanner = new EventScanner(this.records, deps.jobs, deps.models, error =>
      this.logError(error),
    )
    this.deliverer = new Deliverer({
      records: this.records,
      serverSecret: deps.serverSecret,
      allowedNetworks: deps.allowedNetworks,
      timeoutMs,
      retryDelaysMs,
      onAttemptEnd: (webhook, { id, event, job }, { statusCode, error, durationMs }) => {
        this.attempts[error ? 'failed' : 'delivered']++
        const details = { webhook, delivery: id, event, job, statusCode, error, durationMs }
        deps.log.info(details, 'webhook called')
        this.wake()
      },
      onError: error => this.logError(error),
    })
    const unsubscribers = [
      deps.jobs.onChange(id => {
        this.changedJobs.add(id)
        this.wake()
      }),
      deps.models.onChange(name => {
        this.changedModels.add(name)
        this.wake()
      }),
    ]
    this.unsubscribe = () => {
      for (const unsubscribe of unsubscribers) unsubscribe()
    }
    this.wake()
  }

  /** How many deliveries are not finished. */
  get pending(): number {
    return this.deliverer.pending
  }

  async create({ url, events, labels }: WebhookRequest): Promise<CreatedWebhook> {
    const { allowedNetworks, serverSecret } = this.deps
    await resolveTarget(parseTarget(url, allowedNetworks), allowedNetworks)
    if ((await this.records.ids()).length >= maxWebhooks) throw tooManyWebhooks(maxWebhooks)
    const webhook = {
      id: `wh-${ulid().toLowerCase()}`,
      url,
      labels: labels ?? {},
      events: events ?? [...webhookEvents],
      createdAt: new Date().toISOString(),
    }
    await this.records.create(webhook)
    const secret = formatSecret(signingKey(serverSecret, webhook.id))
    return { ...webhook, disabled: null, secret }
  }

  async get(id: string): Promise<Webhook> {
    const webhook = isWebhookId(id) ? await this.records.get(id) : null
    if (!webhook) throw webhookNotFound(id)
    return webhook
  }

  /** Newest first. Throws INVALID_CURSOR. */
  async list(query: ListQuery): Promise<Listing<Webhook>> {
    return listingOf(await selectPage(await this.readAll(), query, newestFirst), async () =>
      this.records.damage.list('webhook'),
    )
  }

  /** Removes a webhook, even if it is damaged. */
  async remove(id: string): Promise<void> {
    await this.get(id).catch(nullIfDamaged)
    await this.records.remove(id)
  }

  /** Looks for damage in the configs of all webhooks. */
  async scanForDamage(): Promise<void> {
    await this.readAll()
  }

  private async readAll(): Promise<Webhook[]> {
    const found = await Promise.all((await this.records.ids()).map(id => this.records.tryGet(id)))
    return found.filter(webhook => webhook !== null)
  }

  /** Newest first. Throws INVALID_CURSOR. */
  async deliveries(id: string, query: ListQuery): Promise<Listing<Delivery>> {
    const { disabled } = await this.get(id)
    const ids = (await this.records.deliveryIds(id)).map(each => ({ id: each }))
    const { items, ...page } = await selectPage(ids, query, newestFirst)
    const damaged: DamagedItem[] = []
    return {
      ...page,
      read: async (from, to) => {
        const found = await Promise.all(
          items.slice(from, to).map(each =>
            this.records.delivery(id, each.id).catch(error => {
              if (!isDamaged(error)) throw error
              this.records.damage.add(error)
              damaged.push(toItem(error.damage))
              return null
            }),
          ),
        )
        const records = found.filter(record => record !== null)
        return records.map(record => toDelivery(record, disabled !== null))
      },
      damaged: async () => damaged,
    }
  }

  /** Sends a ping, with one attempt, and returns its result. */
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
    return toDelivery(record, false)
  }

  async close(): Promise<void> {
    this.closed = true
    this.unsubscribe()
    if (this.timer) clearTimeout(this.timer)
    await this.polling
  }

  /** Polls now, or again after the poll that is running. */
  private wake(): void {
    if (this.closed) return
    if (this.polling !== null) {
      this.pollAgain = true
      return
    }
    if (this.timer) clearTimeout(this.timer)
    this.polling = this.poll()
      .catch(error => this.logError(error))
      .finally(() => {
        this.polling = null
        const { pollIntervalMs } = this.timing
        const delay = this.pollAgain ? Math.min(minPollDelayMs, pollIntervalMs) : pollIntervalMs
        this.pollAgain = false
        if (!this.closed) this.timer = setTimeout(() => this.wake(), delay)
      })
  }

  private async poll(): Promise<void> {
    const webhooks = await this.records.configs()
    const changed = { jobs: [...this.changedJobs], models: [...this.changedModels] }
    this.changedJobs.clear()
    this.changedModels.clear()
    if (webhooks.length > 0) await this.scan(webhooks, changed)
    await this.deliverer.deliverDue(webhooks)
    if (Date.now() > this.nextSweepAt) await this.sweep(webhooks)
  }

  private async scan(
    webhooks: readonly WebhookConfig[],
    changed: { jobs: readonly string[]; models: readonly string[] },
  ) {
    for (const id of changed.jobs) await this.scanner.scan(id, webhooks)
    for (const name of changed.models) await this.scanner.scanModel(name, webhooks)
    if (Date.now() < this.nextScanAt) return
    await this.scanner.scanAll(webhooks)
    await this.scanner.scanAllModels(webhooks)
    this.nextScanAt = Date.now() + this.timing.scanIntervalMs
  }

  private async sweep(webhooks: readonly { id: string }[]): Promise<void> {
    this.nextSweepAt = Date.now() + sweepIntervalMs
    this.scanner.rescanFinished()
    // remove files that an attempt wrote while its webhook was deleted
    for (const id of await this.records.ids()) {
      if (!(await this.records.exists(id))) await this.records.remove(id)
    }
    // keep messages a day longer than the scanner looks back, so that it does not create them again
    const oldestKeptId = minMessageId(Date.now() - retentionMs - 24 * 3600_000)
    for (const { id } of webhooks) {
      for (const delivery of await this.records.deliveryIds(id)) {
        if (delivery >= oldestKeptId) break
        await this.records.removeDelivery(id, delivery)
      }
    }
  }

  /** Damage is logged once, not in each pass. */
  private logError(error: unknown): void {
    if (isDamaged(error)) this.records.damage.add(error)
    else this.deps.log.warn({ err: error }, 'webhooks failed; retrying')
  }
}

/** Ids are ULIDs. */
const newestFirst: Order = { keys: [], idsDescending: true }

function toDelivery({ message, attempts }: DeliveryRecord, disabled: boolean): Delivery {
  const { body: _, ...summary } = message
  const last = attempts.at(-1)?.end
  const final = last?.nextAttemptAt === null
  const delivered = final && last.error === null
  const status = delivered ? 'delivered' : final || disabled ? 'failed' : 'pending'
  return {
    ...summary,
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
