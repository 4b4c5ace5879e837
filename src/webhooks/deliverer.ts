import type { Webhook } from '../spec/webhook.js'
import { type Answer, post } from './post.js'
import { nextAttemptAt } from './retry-backoff.js'
import { signedHeaders, signingKey } from './signature.js'
import { parseTarget, type Reach } from './target.js'
import type {
  AttemptEnd,
  DeliveryRecord,
  StoredMessage,
  WebhookRecords,
} from './webhook-records.js'

export interface DelivererParts {
  records: WebhookRecords
  serverSecret: string
  reach: Reach
  timeoutMs: number
  retryDelaysMs: readonly number[]
  /** Called after each attempt. */
  onEnd(webhook: string, delivery: StoredMessage, answer: Answer): void
  onTrouble(error: unknown): void
}

type Target = Pick<Webhook, 'id' | 'url'>

const mostAtOnce = 32
/** So that one slow receiver does not hold up the others. */
const mostForOne = 4
/** How many waiting deliveries of a webhook are looked at in one go. */
const window = 1000
/** An attempt without an end is another replica's, or was its server's last: by now it is over. */
const lostAfterMs = 20_000

/** Sends what is pending and due. Never more at once than it says, whatever waits. */
export class Deliverer {
  /** Until when there is no use in looking at a delivery again. */
  private readonly notBefore = new Map<string, number>()
  /** The job of each delivery that is being attempted, by its key. */
  private readonly inFlight = new Map<string, string | null>()
  private waiting = 0

  constructor(private readonly parts: DelivererParts) {}

  /** How many deliveries the last look found pending. */
  get pending(): number {
    return this.waiting
  }

  async look(webhooks: readonly Target[]): Promise<void> {
    let waiting = 0
    const seen = new Set<string>()
    for (const webhook of webhooks) {
      const ids = await this.parts.records.pending(webhook.id)
      waiting += ids.length
      for (const id of ids) seen.add(`${webhook.id}/${id}`)
      if (ids.length > 0 && !(await this.parts.records.isDisabled(webhook.id))) {
        await this.start(webhook, this.worthALook(webhook, ids)).catch(this.parts.onTrouble)
      }
    }
    for (const key of this.notBefore.keys()) if (!seen.has(key)) this.notBefore.delete(key)
    this.waiting = waiting
  }

  /** A first attempt, whatever else waits. */
  attempt(webhook: Target, message: StoredMessage): Promise<Answer | null> {
    return this.tryOnce(webhook, message, { attempt: 1, delaysMs: [] })
  }

  /** A job's events go one after the other, though one that failed does not hold up the next. */
  private async start(webhook: Target, ids: readonly string[]): Promise<void> {
    const busy = new Set<string | null>()
    for (const id of ids) {
      const key = `${webhook.id}/${id}`
      if (this.inFlight.has(key)) {
        busy.add(this.inFlight.get(key)!)
        continue
      }
      if (this.isFull(webhook)) return
      const record = await this.parts.records.delivery(webhook.id, id)
      // a mark whose message is still to come: whoever finds the event again makes it
      if (!record) continue
      const due = dueOf(record)
      if (due.at === null) {
        await this.parts.records.settle(webhook.id, id)
      } else if (due.at > Date.now()) {
        if (due.running) busy.add(record.message.job)
        else this.notBefore.set(key, due.at)
      } else if (!busy.has(record.message.job)) {
        busy.add(record.message.job)
        this.run(webhook, key, record)
      }
    }
  }

  /** Those that wait for their retry take no place: after an outage there are many, all of them old. */
  private worthALook(webhook: Target, ids: readonly string[]): string[] {
    const now = Date.now()
    const rests = (id: string) => (this.notBefore.get(`${webhook.id}/${id}`) ?? 0) > now
    return ids.filter(id => !rests(id)).slice(0, window)
  }

  private isFull(webhook: Target): boolean {
    const own = [...this.inFlight.keys()].filter(key => key.startsWith(`${webhook.id}/`))
    return this.inFlight.size >= mostAtOnce || own.length >= mostForOne
  }

  private run(webhook: Target, key: string, { message, attempts }: DeliveryRecord): void {
    this.inFlight.set(key, message.job)
    const turn = { attempt: attempts.length + 1, delaysMs: this.parts.retryDelaysMs }
    this.tryOnce(webhook, message, turn)
      .catch(this.parts.onTrouble)
      .finally(() => this.inFlight.delete(key))
  }

  private async tryOnce(
    webhook: Target,
    message: StoredMessage,
    { attempt, delaysMs }: { attempt: number; delaysMs: readonly number[] },
  ): Promise<Answer | null> {
    const { records, serverSecret, onEnd } = this.parts
    const now = new Date()
    if (!(await records.begin(webhook.id, message.id, attempt, now.toISOString()))) return null
    const headers = signedHeaders(message, signingKey(serverSecret, webhook.id), now)
    const answer = await this.send(webhook.url, message.body, headers)
    const next = answer.error ? nextAttemptAt(attempt, delaysMs, Date.now()) : null
    const gone = answer.statusCode === 410
    const end: AttemptEnd = { ...answer, nextAttemptAt: gone ? null : next }
    // a webhook that was removed meanwhile stays removed
    if (!(await records.get(webhook.id))) return answer
    if (gone) await records.disable(webhook.id, 'its receiver answered 410 Gone')
    await records.end(webhook.id, message.id, attempt, end)
    if (end.nextAttemptAt === null) await records.settle(webhook.id, message.id)
    onEnd(webhook.id, message, answer)
    return answer
  }

  private async send(target: string, body: string, signed: Record<string, string>) {
    const { reach, timeoutMs } = this.parts
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Trainyard-Webhooks/1',
      ...signed,
    }
    let url: URL
    try {
      url = parseTarget(target, reach)
    } catch (error) {
      // taken when the server's settings allowed it, and not any more
      return { statusCode: null, error: (error as Error).message, durationMs: 0 }
    }
    return post(url, { headers, body, reach, timeoutMs })
  }
}

/** When the next attempt may begin, in ms; null where there is none. */
export function dueOf({ attempts }: DeliveryRecord): { at: number | null; running: boolean } {
  const last = attempts.at(-1)
  if (!last) return { at: 0, running: false }
  if (!last.end) return { at: Date.parse(last.startedAt) + lostAfterMs, running: true }
  if (last.end.nextAttemptAt === null) return { at: null, running: false }
  return { at: Date.parse(last.end.nextAttemptAt), running: false }
}
