import { type Static, Type } from 'typebox'
import { closed } from './closed.js'
import { JobId, Timestamp } from './identifiers.js'
import { Labels } from './labels.js'

const webhookId = /^wh-[0-9a-z]{26}$/
export const WebhookId = Type.String({ pattern: webhookId.source })
export const isWebhookId = (text: string) => webhookId.test(text)

export const webhookEvents = [
  'job.queued',
  'job.running',
  'job.paused',
  'job.succeeded',
  'job.failed',
  'job.cancelled',
] as const
export const WebhookEvent = Type.Enum(webhookEvents)
export type WebhookEvent = Static<typeof WebhookEvent>

export const WebhookRequest = closed({
  url: Type.String({
    maxLength: 2048,
    description: 'https, to a public address; the server may be set to reach private ones, too',
  }),
  events: Type.Optional(
    Type.Array(WebhookEvent, { minItems: 1, uniqueItems: true, description: 'all if absent' }),
  ),
  labels: Type.Optional(Labels),
})
export type WebhookRequest = Static<typeof WebhookRequest>

const commonFields = {
  id: WebhookId,
  url: Type.String(),
  events: Type.Array(WebhookEvent),
  labels: Type.Unsafe<Labels>({ ...Labels, description: 'only of jobs that have them all' }),
  createdAt: Timestamp,
  disabled: Type.Union([Type.Object({ at: Timestamp, reason: Type.String() }), Type.Null()], {
    description: 'since when and why nothing is sent any more',
  }),
}

export const Webhook = Type.Object(commonFields)
export type Webhook = Static<typeof Webhook>

export const CreatedWebhook = Type.Object({
  ...commonFields,
  secret: Type.String({ description: 'whsec_ and base64; shown this once' }),
})
export type CreatedWebhook = Static<typeof CreatedWebhook>

export const DeliveryAttempt = Type.Object({
  startedAt: Timestamp,
  durationMs: Type.Union([Type.Number(), Type.Null()]),
  statusCode: Type.Union([Type.Integer(), Type.Null()]),
  error: Type.Union([Type.String(), Type.Null()], { description: 'why it did not count' }),
})
export type DeliveryAttempt = Static<typeof DeliveryAttempt>

export const Delivery = Type.Object({
  id: Type.String({ description: 'the webhook-id header: the same for every attempt' }),
  event: Type.Enum([...webhookEvents, 'ping']),
  job: Type.Union([JobId, Type.Null()]),
  at: Timestamp,
  status: Type.Enum(['pending', 'delivered', 'failed']),
  attempts: Type.Array(DeliveryAttempt),
  nextAttemptAt: Type.Union([Timestamp, Type.Null()]),
})
export type Delivery = Static<typeof Delivery>
