import { TrainyardError } from '../errors.js'

export const webhookNotFound = (id: string) =>
  new TrainyardError('WEBHOOK_NOT_FOUND', `there is no webhook '${id}'`)

export const webhookDisabled = (id: string, reason: string) =>
  new TrainyardError('WEBHOOK_DISABLED', `webhook '${id}' is disabled: ${reason}`)

export const tooManyWebhooks = (max: number) =>
  new TrainyardError('TOO_MANY_WEBHOOKS', `there are already ${max} webhooks; delete one first`)

/** A URL that webhooks may not call. The message also appears in the delivery log. */
export const targetRefused = (message: string) =>
  new TrainyardError('WEBHOOK_TARGET_REFUSED', message, {
    errors: [{ path: '/url', code: 'target_refused', message }],
  })
