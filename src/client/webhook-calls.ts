import type { Page } from '../spec/paging.js'
import type { CreatedWebhook, Delivery, Webhook, WebhookRequest } from '../spec/webhook.js'
import { type Caller, type CallOptions, jsonBody, pathOf, type Query, withQuery } from './caller.js'

export class WebhookCalls {
  constructor(private readonly caller: Caller) {}

  list(query: Query = {}, options?: CallOptions): Promise<Page<Webhook>> {
    return this.caller.json<Page<Webhook>>('GET', withQuery('/webhooks', query), options)
  }

  get(id: string, options?: CallOptions): Promise<Webhook> {
    return this.caller.json<Webhook>('GET', pathOf`/webhooks/${id}`, options)
  }

  /** Only this answer has the secret. */
  create(request: WebhookRequest, options?: CallOptions): Promise<CreatedWebhook> {
    const body = jsonBody(request)
    return this.caller.json<CreatedWebhook>('POST', '/webhooks', { ...options, ...body })
  }

  async delete(id: string, options?: CallOptions): Promise<void> {
    await this.caller.request('DELETE', pathOf`/webhooks/${id}`, options)
  }

  /** What was sent, newest first. */
  deliveries(id: string, query: Query = {}, options?: CallOptions): Promise<Page<Delivery>> {
    const path = withQuery(pathOf`/webhooks/${id}/deliveries`, query)
    return this.caller.json<Page<Delivery>>('GET', path, options)
  }

  /** Sends a ping. */
  test(id: string, options?: CallOptions): Promise<Delivery> {
    return this.caller.json<Delivery>('POST', pathOf`/webhooks/${id}/test`, options)
  }
}
