// The Standard Webhooks specification: https://www.standardwebhooks.com
import { createHmac, hkdfSync } from 'node:crypto'

/**
 * A webhook's signing key, derived from the server's own secret: so it can be shown once, and the
 * data folder's readable files never hold it.
 */
export function signingKey(serverSecret: string, webhookId: string): Buffer {
  return Buffer.from(hkdfSync('sha256', serverSecret, '', `trainyard webhook ${webhookId}`, 32))
}

export const formatSecret = (key: Buffer) => `whsec_${key.toString('base64')}`

export interface Message {
  id: string
  body: string
}

/** The headers that prove where a message is from, and when it was sent. */
export function signedHeaders({ id, body }: Message, key: Buffer, now: Date) {
  const timestamp = Math.floor(now.getTime() / 1000)
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature}`,
  }
}
