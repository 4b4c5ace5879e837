// The Standard Webhooks specification: https://www.standardwebhooks.com
import { createHmac, hkdfSync } from 'node:crypto'

/** Derives a webhook's signing key from the server's secret, so that the webhook's files do not contain it. */
export function signingKey(serverSecret: string, webhookId: string): Buffer {
  return Buffer.from(hkdfSync('sha256', serverSecret, '', `trainyard webhook ${webhookId}`, 32))
}

export const formatSecret = (key: Buffer) => `whsec_${key.toString('base64')}`

export interface Message {
  id: string
  body: string
}

/** Headers that prove who sent a message, and when. */
export function signedHeaders({ id, body }: Message, key: Buffer, now: Date) {
  const timestamp = Math.floor(now.getTime() / 1000)
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature}`,
  }
}
