import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Jobs } from '../../jobs/jobs.js'
import { optionalWithDefault } from '../../spec/optional-with-default.js'
import { strictObject } from '../../spec/strict-object.js'
import { DateOrDateTime } from '../../spec/times.js'
import { JobParam, JobResourcesResponse } from '../schemas.js'

export interface JobResourceRoutesDeps {
  jobs: Pick<Jobs, 'telemetry'>
}

const time = (description: string) =>
  Type.Optional({ ...DateOrDateTime, description } as typeof DateOrDateTime)

const ResourcesQuery = strictObject({
  maxPoints: optionalWithDefault(
    Type.Integer({
      minimum: 10,
      maximum: 5000,
      default: 500,
      description: 'of more, neighbours are merged, so that a point covers a longer time',
    }),
  ),
  after: time(
    'only points later than this. Send the last `time` of an answer for those that came since',
  ),
  before: time('only points no later than this'),
})

export const jobResourceRoutes: FastifyPluginAsyncTypebox<JobResourceRoutesDeps> = async (
  app,
  { jobs },
) => {
  app.get(
    '/jobs/:id/resources',
    {
      schema: {
        tags: ['jobs'],
        operationId: 'getJobResources',
        summary: 'Chart what a job uses of its machine',
        description:
          'Processor, memory, GPU, disk and speed of the trainer over the life of the job, all attempts together, oldest ' +
          'first. The worker measures every second in the first minute of an attempt, then every five seconds. Each column ' +
          'is an array; the values at one place are of one time. For a live chart, ask again every few seconds with `after`.',
        params: Type.Object({ id: JobParam }),
        querystring: ResourcesQuery,
        problems: ['JOB_NOT_FOUND'],
        response: { 200: JobResourcesResponse },
      },
    },
    async request => {
      const { maxPoints, after, before } = request.query
      return jobs.telemetry.resources(request.params.id, {
        maxPoints,
        ...(after && { after: Date.parse(after) }),
        ...(before && { before: Date.parse(before) }),
      })
    },
  )
}
