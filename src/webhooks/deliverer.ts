import type { AllowedNetworks } from '../net/addresses.js'
import type { Webhook } from '../spec/webhook.js'
import { LastChange } from '../store/last-change.js'
import { type PostResult, post } from './post.js'
import { nextAttemptAt } from './retry-backoff.js'
import { signedHeaders, signingKey } from './signature.js'
import { parseTarget } from './target.js'
import type {
  AttemptResult,
  DeliveryRecord,
  StoredMessage,
  WebhookRecords,
} from './webhook-records.js'

export interface DelivererDeps {
  records: WebhookRecords
  serverSecret: string
  allowedNetworks: AllowedNetworks
  timeoutMs: number
  retryDelaysMs: readonly number[]
  /** Called after each attempt. */
  onAttemptEnd(webhook: string, delivery: StoredMessage, result: PostResult): void
  onError(error: unknown): void
}

type WebhookTarget = Pick<Webhook, 'id' | 'url'>

const maxConcurrent = 32
/** Keeps one slow receiver from delaying the others. */
const maxConcurrentPerWebhook = 4
/** How many pending deliveries of a webhook are read in one pass. */
const maxScanned = 1000
/** When a damaged message is read again, since it may have been restored. */
const damagedRetryMs = 60_000
/**
 * An attempt without a result belongs to another server or to one that died. After it was seen for this time, it
 * counts as lost, and the next attempt may start.
 */
const attemptLostAfterMs = 20_000

/** Sends pending messages that are due, with bounded concurrency. */
export class Deliverer {
  /** Retry backoff: when each delivery is due next, in ms since 1970, by its key `<webhook>/<delivery>`. */
  private readonly notBefore = new Map<string, number>()
  /** The job of each delivery that is being sent, by the delivery's key. */
  private readonly inFlight = new Map<string, string | null>()
  private readonly lastChange = new LastChange()
  private pendingCount = 0

  constructor(private readonly deps: DelivererDeps) {}

  /** How many deliveries were pending in the last pass. */
  get pending(): number {
    return this.pendingCount
  }

  async deliverDue(webhooks: readonly WebhookTarget[]): Promise<void> {
    let pendingCount = 0
    const seen = new Set<string>()
    for (const webhook of webhooks) {
      const ids = await this.pendingOrNone(webhook)
      pendingCount += ids.length
      for (const id of ids) seen.add(`${webhook.id}/${id}`)
      if (ids.length > 0 && !(await this.deps.records.isDisabled(webhook.id))) {
        await this.startDue(webhook, this.notBackingOff(webhook, ids)).catch(this.deps.onError)
      }
    }
    for (const key of this.notBefore.keys()) if (!seen.has(key)) this.notBefore.delete(key)
    this.pendingCount = pendingCount
  }

  /** A folder that cannot be listed does not keep the other webhooks from being called. */
  private async pendingOrNone({ id }: WebhookTarget): Promise<string[]> {
    return this.deps.records.pending(id).catch(error => {
      this.deps.onError(error)
      return []
    })
  }

  /** Makes a first attempt at once, without retries. */
  attempt(webhook: WebhookTarget, message: StoredMessage): Promise<PostResult | null> {
    return this.attemptDelivery(webhook, message, { attempt: 1, delaysMs: [] })
  }

  /** Sends a job's events one after another. An event that is backing off does not delay the next. */
  private async startDue(webhook: WebhookTarget, ids: readonly string[]): Promise<void> {
    const busyJobs = new Set<string | null>()
    for (const id of ids) {
      const key = `${webhook.id}/${id}`
      if (this.inFlight.has(key)) {
        busyJobs.add(this.inFlight.get(key)!)
        continue
      }
      if (this.isAtCapacity(webhook)) return
      const record = await this.deps.records.tryDelivery(webhook.id, id)
      // the marker exists, but its message does not yet: the next scan creates it
      if (!record) {
        if (this.deps.records.isDamaged(webhook.id, id))
          this.notBefore.set(key, Date.now() + damagedRetryMs)
        continue
      }
      const due = this.nextAttemptDue(key, record)
      if (due.at === null) {
        await this.deps.records.removePending(webhook.id, id)
      } else if (due.at > Date.now()) {
        if (due.running) busyJobs.add(record.message.job)
        else this.notBefore.set(key, due.at)
      } else if (!busyJobs.has(record.message.job)) {
        busyJobs.add(record.message.job)
        this.run(webhook, key, record)
      }
    }
  }

  /** When the next attempt is due, in ms since 1970; null if there is none. */
  private nextAttemptDue(
    key: string,
    { attempts }: DeliveryRecord,
  ): { at: number | null; running: boolean } {
    const last = attempts.at(-1)
    if (!last) return { at: 0, running: false }
    if (!last.end) {
      // of another process, perhaps on a host with another time
      const silentMs = this.lastChange.silentMs(key, last.startedAt)
      return { at: Date.now() + attemptLostAfterMs - silentMs, running: true }
    }
    if (last.end.nextAttemptAt === null) return { at: null, running: false }
    return { at: Date.parse(last.end.nextAttemptAt), running: false }
  }

  /** Deliveries in backoff do not count towards `maxScanned`: after an outage there are many. */
  private notBackingOff(webhook: WebhookTarget, ids: readonly string[]): string[] {
    const now = Date.now()
    const isBackingOff = (id: string) => (this.notBefore.get(`${webhook.id}/${id}`) ?? 0) > now
    return ids.filter(id => !isBackingOff(id)).slice(0, maxScanned)
  }

  private isAtCapacity(webhook: WebhookTarget): boolean {
    const ownKeys = [...this.inFlight.keys()].filter(key => key.startsWith(`${webhook.id}/`))
    return this.inFlight.size >= maxConcurrent || ownKeys.length >= maxConcurrentPerWebhook
  }

  private run(webhook: WebhookTarget, key: string, { message, attempts }: DeliveryRecord): void {
    this.inFlight.set(key, message.job)
    const retry = { attempt: attempts.length + 1, delaysMs: this.deps.retryDelaysMs }
    this.attemptDelivery(webhook, message, retry)
      .catch(this.deps.onError)
      .finally(() => this.inFlight.delete(key))
  }

  private async attemptDelivery(
    webhook: WebhookTarget,
    message: StoredMessage,
    { attempt, delaysMs }: { attempt: number; delaysMs: readonly number[] },
  ): Promise<PostResult | null> {
    const { records, serverSecret, onAttemptEnd } = this.deps
    const now = new Date()
    if (!(await records.claimAttempt(webhook.id, message.id, attempt, now.toISOString())))
      return null
    const headers = signedHeaders(message, signingKey(serverSecret, webhook.id), now)
    const result = await this.send(webhook.url, message.body, headers)
    const next = result.error ? nextAttemptAt(attempt, delaysMs, Date.now()) : null
    const gone = result.statusCode === 410
    const end: AttemptResult = { ...result, nextAttemptAt: gone ? null : next }
    // if the webhook was deleted during the attempt, write nothing
    if (!(await records.exists(webhook.id))) return result
    if (gone) await records.disable(webhook.id, 'its receiver answered 410 Gone')
    await records.finishAttempt(webhook.id, message.id, attempt, end)
    if (end.nextAttemptAt === null) await records.removePending(webhook.id, message.id)
    onAttemptEnd(webhook.id, message, result)
    return result
  }

  private async send(target: string, body: string, signatureHeaders: Record<string, string>) {
    const { allowedNetworks, timeoutMs } = this.deps
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Trainyard-Webhooks/1',
      ...signatureHeaders,
    }
    let url: URL
    try {
      url = parseTarget(target, allowedNetworks)
    } catch (error) {
      // the server's settings allowed this target when the webhook was created
      return { statusCode: null, error: (error as Error).message, durationMs: 0 }
    }
    return post(url, { headers, body, allowedNetworks, timeoutMs })
  }
}
