import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { TrafficPolicies } from '../../models/references/traffic-policies.js'
import type { TrafficRouter } from '../../serving/traffic/traffic-router.js'
import {
  type Traffic,
  type TrafficPolicy,
  TrafficQuery,
  TrafficRequest,
} from '../../spec/model-traffic.js'
import { callerNameOf } from '../http/api-keys.js'
import { trafficExamples } from '../openapi/reference-examples.js'
import { NoContent, TrafficResponse } from '../schemas.js'
import { ModelParams } from './models.js'

export interface ModelTrafficRoutesDeps {
  modelRecords: { traffic: Pick<TrafficPolicies, 'get' | 'set'> }
  router: Pick<TrafficRouter, 'counts'>
}

export const modelTrafficRoutes: FastifyPluginAsyncTypebox<ModelTrafficRoutesDeps> = async (
  app,
  { modelRecords: { traffic }, router },
) => {
  const tags = ['models']

  app.get(
    '/models/:id/traffic',
    {
      schema: {
        tags,
        operationId: 'getModelTraffic',
        summary: 'Get how requests are spread over versions, and how the shadows compare',
        description: 'Of the bare name, or of an alias.',
        params: ModelParams,
        querystring: TrafficQuery,
        problems: ['MODEL_NOT_FOUND', 'ALIAS_NOT_FOUND'],
        response: { 200: TrafficResponse },
      },
    },
    async request => {
      const { id } = request.params
      const { alias } = request.query
      return view(id, alias, await traffic.get(id, alias))
    },
  )

  app.put(
    '/models/:id/traffic',
    {
      schema: {
        tags,
        operationId: 'setModelTraffic',
        summary: 'Split requests over versions, and let other versions predict in the shadow',
        description:
          'For requests of the bare name or of an alias; those that name a version are not split. An alias in a split means the version that it names. By a counter, of as many requests as the sum of the weights each version gets exactly its weight. Shadows predict after the answer and only while nothing else waits; their answers are compared and counted, never returned.',
        params: ModelParams,
        body: TrafficRequest,
        problems: ['MODEL_NOT_FOUND', 'ALIAS_NOT_FOUND', 'INVALID_TRAFFIC'],
        requestExamples: trafficExamples,
        response: { 200: TrafficResponse },
      },
    },
    async request => {
      const { id } = request.params
      const { reason = null, ...policy } = request.body
      const author = { by: callerNameOf(request), reason }
      return view(id, policy.alias, await traffic.set(id, policy, author))
    },
  )

  app.delete(
    '/models/:id/traffic',
    {
      schema: {
        tags,
        operationId: 'deleteModelTraffic',
        summary: 'End a split and its shadows',
        description: 'Requests go where they would without a split. Does nothing if there is none.',
        params: ModelParams,
        querystring: TrafficQuery,
        problems: ['MODEL_NOT_FOUND', 'ALIAS_NOT_FOUND'],
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      const { alias } = request.query
      const author = { by: callerNameOf(request), reason: null }
      await traffic.set(request.params.id, { ...(alias !== undefined && { alias }) }, author)
      return reply.code(204).send(null)
    },
  )

  function view(name: string, alias: string | undefined, policy: TrafficPolicy | null): Traffic {
    const counts = policy && router.counts(name, alias, policy)
    return {
      alias: alias ?? null,
      split: policy?.split ?? [],
      shadow: policy?.shadow ?? [],
      stickyHeader: policy?.stickyHeader ?? null,
      set: policy && { at: policy.at, by: policy.by, reason: policy.reason },
      requests: [...(counts?.requests ?? [])].map(([version, requests]) => ({ version, requests })),
      shadows: [...(counts?.shadowCounts ?? [])].map(([version, each]) => ({ version, ...each })),
    }
  }
}
