import type { Page } from '../spec/paging.js'
import type { CreatedWebhook, Delivery, Webhook, WebhookRequest } from '../spec/webhook.js'
import { type Caller, jsonBody, type Query, withQuery } from './caller.js'

export class WebhookCalls {
  constructor(private readonly caller: Caller) {}

  list(query: Query = {}) {
    return this.caller.json<Page<Webhook>>('GET', withQuery('/webhooks', query))
  }

  get(id: string) {
    return this.caller.json<Webhook>('GET', `/webhooks/${id}`)
  }

  /** Only this answer has the secret. */
  create(request: WebhookRequest) {
    return this.caller.json<CreatedWebhook>('POST', '/webhooks', jsonBody(request))
  }

  async delete(id: string): Promise<void> {
    await this.caller.request('DELETE', `/webhooks/${id}`)
  }

  /** What was sent, newest first. */
  deliveries(id: string, query: Query = {}) {
    return this.caller.json<Page<Delivery>>('GET', withQuery(`/webhooks/${id}/deliveries`, query))
  }

  /** Sends a ping. */
  test(id: string) {
    return this.caller.json<Delivery>('POST', `/webhooks/${id}/test`)
  }
}
