import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Telemetry } from '../telemetry.js'

export interface ScrapeRoutesDeps {
  telemetry: Telemetry
}

export const scrapeRoutes: FastifyPluginAsyncTypebox<ScrapeRoutesDeps> = async (
  app,
  { telemetry },
) => {
  app.get(
    '/metrics',
    {
      schema: {
        tags: ['server'],
        operationId: 'getServerMetrics',
        summary: "Get the server's metrics for Prometheus",
        description: 'The names of the metrics begin with `trainyard_`.',
        response: {
          200: Type.Unsafe<unknown>({
            description: "Prometheus's text format",
            content: { 'text/plain': { schema: { type: 'string' } } },
          }),
        },
      },
    },
    async (_request, reply) => {
      const text = await telemetry.scrape()
      return reply.type(telemetry.contentType).send(text)
    },
  )
}
