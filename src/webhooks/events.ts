import { createHash } from 'node:crypto'
import { encodeTime } from 'ulid'
import type { JobHistory } from '../spec/job-feed.js'
import type { ModelAliasEvent } from '../spec/model-feed.js'
import type { WebhookEvent } from '../spec/webhook.js'
import type { WebhookConfig } from './webhook-records.js'

export interface DetectedEvent {
  id: string
  event: WebhookEvent
  at: string
}

/** Returns the changes of a model's aliases that a webhook subscribes to, since it was created. */
export function aliasEventsOf(
  webhook: WebhookConfig,
  changes: readonly ModelAliasEvent[],
  now: number,
): (DetectedEvent & { data: object })[] {
  // a filter by labels of jobs leaves out models, which have none
  if (Object.keys(webhook.labels).length > 0) return []
  const since = Math.max(Date.parse(webhook.createdAt), now - retentionMs)
  return changes
    .filter(({ event, at }) => webhook.events.includes(event) && Date.parse(at) >= since)
    .map(({ n, event, at, data }) => ({
      id: messageId(webhook.id, `${data.model} ${data.alias}`, n % 0x10000, { status: event, at }),
      event,
      at,
      data,
    }))
}

/** How long messages are kept. Events that are older are not created any more. */
export const retentionMs = 30 * 24 * 3600_000

/** Returns the events of a job that a webhook subscribes to: its transitions since the webhook was created. */
export function eventsOf(
  webhook: WebhookConfig,
  job: JobHistory & { id: string },
  now: number,
): DetectedEvent[] {
  const labelFilter = Object.entries(webhook.labels)
  if (!labelFilter.every(([key, value]) => job.labels[key] === value)) return []
  const since = Math.max(Date.parse(webhook.createdAt), now - retentionMs)
  return job.transitions
    .map((transition, i) => ({
      id: messageId(webhook.id, job.id, i, transition),
      event: `job.${transition.status}` as WebhookEvent,
      at: transition.at,
    }))
    .filter(({ event, at }) => webhook.events.includes(event) && Date.parse(at) >= since)
}

/**
 * Derives a message's id from its event, so that every server and every scan finds the same id.
 * Transitions are only ever appended. Ids sort by time, then by the index of the transition, since two
 * transitions of a job may share a millisecond.
 */
function messageId(
  webhook: string,
  job: string,
  index: number,
  { status, at }: { status: string; at: string },
) {
  const sequence = index.toString(16).padStart(4, '0')
  const hash = createHash('sha256').update([webhook, job, index, status, at].join(' '))
  return `msg_${timePart(Date.parse(at))}${sequence}${hash.digest('hex').slice(0, 12)}`
}

/** A lower bound for the ids of events at `ms` or later. */
export const minMessageId = (ms: number): string => `msg_${timePart(ms)}`

const timePart = (ms: number) => encodeTime(Math.max(0, ms), 10).toLowerCase()
