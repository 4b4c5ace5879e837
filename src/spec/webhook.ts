import { type Static, Type } from 'typebox'
import { JobId, Timestamp } from './identifiers.js'
import { RequiredLabels } from './labels.js'
import { nullable } from './nullable.js'
import { strictObject } from './strict-object.js'

const webhookId = /^wh-[0-9a-z]{26}$/
export const WebhookId = Type.String({ pattern: webhookId.source })
export const isWebhookId = (text: string) => webhookId.test(text)

/** `msg_` and the form of a lower-case ULID. */
export const isMessageId = (text: string) => /^msg_[0-9a-z]{26}$/.test(text)

export const jobEvents = [
  'job.queued',
  'job.running',
  'job.paused',
  'job.succeeded',
  'job.failed',
  'job.cancelled',
] as const

export const modelEvents = [
  'model.aliasMoved',
  'model.aliasDeleted',
  'model.promoted',
  'model.rolledBack',
] as const
export type ModelEvent = (typeof modelEvents)[number]

export const webhookEvents = [...jobEvents, ...modelEvents] as const
export const WebhookEvent = Type.Enum(webhookEvents)
export type WebhookEvent = Static<typeof WebhookEvent>

export const WebhookRequest = strictObject({
  url: Type.String({
    maxLength: 2048,
    description:
      'an https URL with a public address; if the server has TRAINYARD_WEBHOOKS=private, http and private addresses are possible too',
  }),
  events: Type.Optional(
    Type.Array(WebhookEvent, {
      minItems: 1,
      maxItems: webhookEvents.length,
      uniqueItems: true,
      description: 'if absent, all events',
    }),
  ),
  labels: Type.Optional({
    ...RequiredLabels,
    description: 'only jobs with all of these labels, and no events of models, which have none',
  }),
})
export type WebhookRequest = Static<typeof WebhookRequest>

const commonFields = {
  id: WebhookId,
  url: Type.String(),
  events: Type.Array(WebhookEvent),
  labels: RequiredLabels,
  createdAt: Timestamp,
  disabled: nullable(
    Type.Object({ at: Timestamp, reason: Type.String() }),
    'when and why the webhook was disabled; null if it is active',
  ),
}

export const Webhook = Type.Object(commonFields)
export type Webhook = Static<typeof Webhook>

export const CreatedWebhook = Type.Object({
  ...commonFields,
  secret: Type.String({
    description: 'key of the signatures: whsec_ and base64. It is shown only in this answer',
  }),
})
export type CreatedWebhook = Static<typeof CreatedWebhook>

export const DeliveryAttempt = Type.Object({
  startedAt: Timestamp,
  durationMs: nullable(Type.Number(), 'null until the attempt has ended'),
  statusCode: nullable(
    Type.Integer(),
    "HTTP status of the receiver's answer; null without an answer",
  ),
  error: nullable(Type.String(), 'why the attempt failed; null if it succeeded'),
})
export type DeliveryAttempt = Static<typeof DeliveryAttempt>

export const Delivery = Type.Object({
  id: Type.String({ description: 'value of the webhook-id header, the same for every attempt' }),
  event: Type.Enum([...webhookEvents, 'ping']),
  job: nullable(JobId, 'null for a ping, and for an event of a model'),
  at: Timestamp,
  status: Type.Enum(['pending', 'delivered', 'failed']),
  attempts: Type.Array(DeliveryAttempt, { description: 'oldest first' }),
  nextAttemptAt: nullable(Timestamp, 'null if none is scheduled'),
})
export type Delivery = Static<typeof Delivery>
