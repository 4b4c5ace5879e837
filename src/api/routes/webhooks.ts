import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { PageQuery, page } from '../../spec/paging.js'
import { strictObject } from '../../spec/strict-object.js'
import { WebhookRequest } from '../../spec/webhook.js'
import type { Webhooks } from '../../webhooks/webhooks.js'
import { sendPage } from '../http/list-answer.js'
import { webhookExamples } from '../openapi/request-examples.js'
import { CreatedWebhookResponse, DeliveryResponse, NoContent, WebhookResponse } from '../schemas.js'

export interface WebhookRoutesDeps {
  webhooks: Pick<Webhooks, 'create' | 'get' | 'list' | 'remove' | 'deliveries' | 'test'>
}

export const webhookRoutes: FastifyPluginAsyncTypebox<WebhookRoutesDeps> = async (
  app,
  { webhooks },
) => {
  const tags = ['webhooks']
  const params = Type.Object({
    id: Type.String({ maxLength: 64, description: 'the id of a webhook' }),
  })
  const querystring = strictObject(PageQuery)

  app.post(
    '/webhooks',
    {
      config: { secret: true },
      schema: {
        tags,
        operationId: 'createWebhook',
        summary: 'Create a webhook, which calls a URL when jobs change',
        description:
          'The server POSTs { type, timestamp, data: the job }, signed according to standardwebhooks.com. ' +
          'It delivers at least once; the webhook-id header is the same for every attempt.',
        body: WebhookRequest,
        problems: ['WEBHOOK_TARGET_REFUSED', 'TOO_MANY_WEBHOOKS'],
        requestExamples: webhookExamples,
        responseHeaders: { 201: ['Location'] },
        response: { 201: CreatedWebhookResponse },
      },
    },
    async (request, reply) => {
      const webhook = await webhooks.create(request.body)
      return reply.code(201).header('location', `/webhooks/${webhook.id}`).send(webhook)
    },
  )

  app.get(
    '/webhooks',
    {
      schema: {
        tags,
        operationId: 'listWebhooks',
        summary: 'List webhooks, newest first',
        description:
          'The answer is a page; `nextCursor` leads to the next one. Secrets are not shown.',
        querystring,
        problems: ['INVALID_CURSOR'],
        response: { 200: page(WebhookResponse) },
      },
    },
    async (request, reply) => sendPage(reply, WebhookResponse, await webhooks.list(request.query)),
  )

  app.get(
    '/webhooks/:id',
    {
      schema: {
        tags,
        operationId: 'getWebhook',
        summary: 'Get a webhook',
        description:
          'If too many deliveries failed, `disabled` says when and why the server gave up.',
        params,
        problems: ['WEBHOOK_NOT_FOUND'],
        response: { 200: WebhookResponse },
      },
    },
    request => webhooks.get(request.params.id),
  )

  app.delete(
    '/webhooks/:id',
    {
      schema: {
        tags,
        operationId: 'deleteWebhook',
        summary: 'Delete a webhook and its delivery log',
        description: 'Messages that are not delivered yet are dropped.',
        params,
        problems: ['WEBHOOK_NOT_FOUND'],
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await webhooks.remove(request.params.id)
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/webhooks/:id/deliveries',
    {
      schema: {
        tags,
        operationId: 'listDeliveries',
        summary: 'List deliveries with their attempts, newest first',
        description: 'Deliveries are kept for 30 days.',
        params,
        querystring,
        problems: ['WEBHOOK_NOT_FOUND', 'INVALID_CURSOR'],
        response: { 200: page(DeliveryResponse) },
      },
    },
    async (request, reply) => {
      const deliveries = await webhooks.deliveries(request.params.id, request.query)
      return sendPage(reply, DeliveryResponse, deliveries)
    },
  )

  app.post(
    '/webhooks/:id/test',
    {
      schema: {
        tags,
        operationId: 'testWebhook',
        summary: 'Send a ping',
        description: 'Makes one attempt, and returns its result.',
        params,
        problems: ['WEBHOOK_NOT_FOUND', 'WEBHOOK_DISABLED'],
        response: { 200: DeliveryResponse },
      },
    },
    request => webhooks.test(request.params.id),
  )
}
