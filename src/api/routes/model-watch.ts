import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { modelNotFound } from '../../models/errors.js'
import type { ModelAliases } from '../../models/references/model-aliases.js'
import type { ModelRegistry } from '../../models/registry.js'
import { VersionNumber } from '../../spec/model-selector.js'
import { DriftQuery, type Watch, WatchRequest } from '../../spec/model-watch.js'
import { optionalWithDefault } from '../../spec/optional-with-default.js'
import { strictObject } from '../../spec/strict-object.js'
import { dayOf, daysBefore } from '../../watching/day-counts.js'
import type { ModelWatch } from '../../watching/model-watch.js'
import { cursorPattern } from '../../watching/sample-files.js'
import { negotiateFormat } from '../http/content-negotiation.js'
import { invalidQuery, queryConflict } from '../http/http-error.js'
import { watchExamples } from '../openapi/watch-examples.js'
import {
  DriftReportResponse,
  NoContent,
  RequestSamplePageResponse,
  WatchResponse,
} from '../schemas.js'
import { ModelParams, selectorProblems } from './models.js'

export interface ModelWatchRoutesDeps {
  models: Pick<ModelRegistry, 'versions'>
  modelRecords: { aliases: Pick<ModelAliases, 'find'> }
  watch: Pick<ModelWatch, 'drift' | 'samples'>
}

const version = Type.Optional({ ...VersionNumber, description: 'only samples of this version' })

const SamplesQuery = strictObject({
  version,
  limit: optionalWithDefault(
    Type.Integer({ minimum: 1, maximum: 1000, default: 50, description: 'samples in a page' }),
  ),
  cursor: Type.Optional(
    Type.String({ pattern: cursorPattern, description: 'nextCursor of the previous page' }),
  ),
  format: Type.Optional(
    Type.Enum(['json', 'ndjson'], { description: 'overrides the Accept header' }),
  ),
})

const mediaTypes = { json: 'application/json', ndjson: 'application/x-ndjson' }

/** Days of a drift report, unless it asks for others. */
const defaultDays = 7

/** The pattern lets 30 February through. */
function requireDay(name: string, day: string | undefined): void {
  if (day === undefined) return
  const time = Date.parse(day)
  if (!Number.isNaN(time) && dayOf(time) === day) return
  throw invalidQuery(name, `${name} is ${day}, which is no day`, 'give a day such as 2026-03-31')
}

export const modelWatchRoutes: FastifyPluginAsyncTypebox<ModelWatchRoutesDeps> = async (
  app,
  { models, modelRecords, watch },
) => {
  const tags = ['models']

  app.get(
    '/models/:id/drift',
    {
      schema: {
        tags,
        operationId: 'getModelDrift',
        summary: 'Compare what a version predicts from and answers with its training',
        description:
          'Histograms of the predictions of some days beside those of the training data, for each column or property of images, and for the answers; with the population stability index (PSI), the Jensen–Shannon divergence and the Kolmogorov–Smirnov statistic. Counts of other server processes are up to a minute old. Counts are kept for 90 days.',
        params: ModelParams,
        querystring: DriftQuery,
        problems: [...selectorProblems, 'INVALID_QUERY'],
        response: { 200: DriftReportResponse },
      },
    },
    async request => {
      const { from: first, to: last, ...selector } = request.query
      requireDay('from', first)
      requireDay('to', last)
      const to = last ?? dayOf(Date.now())
      const from = first ?? daysBefore(to, defaultDays - 1)
      if (from > to) {
        const message = `from, ${from}, is after to, ${to}`
        throw queryConflict('from', message, 'give a day that is not after `to`')
      }
      const model = await modelRecords.aliases.find({ name: request.params.id, ...selector })
      return watch.drift(model, { from, to })
    },
  )

  app.get(
    '/models/:id/watch',
    {
      schema: {
        tags,
        operationId: 'getModelWatch',
        summary: 'Get which requests of a model are kept',
        description: 'None, unless PUT has asked for a share of them.',
        params: ModelParams,
        problems: ['MODEL_NOT_FOUND'],
        response: { 200: WatchResponse },
      },
    },
    async request => view(await existing(request.params.id)),
  )

  app.put(
    '/models/:id/watch',
    {
      schema: {
        tags,
        operationId: 'setModelWatch',
        summary: 'Keep a share of the requests of a model',
        description:
          'Of the answered requests of all versions and protocols. They are stored in the data folder as JSON Lines; images as the files that they came as. Requests may have personal data: `inputs: false` keeps the answers only. No answer waits for it, and what the disk does not take is dropped. `samples: null` ends it; what is stored stays until its age, or DELETE /models/:id/samples.',
        params: ModelParams,
        body: WatchRequest,
        problems: ['MODEL_NOT_FOUND'],
        requestExamples: watchExamples,
        response: { 200: WatchResponse },
      },
    },
    async request => {
      const name = await existing(request.params.id)
      await watch.samples.set(name, request.body)
      return view(name)
    },
  )

  app.get(
    '/models/:id/samples',
    {
      schema: {
        tags,
        operationId: 'listRequestSamples',
        summary: 'Read the requests that were kept',
        description:
          'Oldest first. A page has up to `limit` samples, and at most 8 MiB but at least one sample. `Accept: application/x-ndjson` (or `format=ndjson`) downloads all of them, one on each line.',
        params: ModelParams,
        querystring: SamplesQuery,
        problems: ['MODEL_NOT_FOUND'],
        response: {
          200: Type.Unsafe<unknown>({
            description: 'a page of samples, or all',
            content: {
              [mediaTypes.json]: { schema: RequestSamplePageResponse },
              [mediaTypes.ndjson]: { schema: Type.String() },
            },
          }),
        },
      },
    },
    async (request, reply) => {
      const name = await existing(request.params.id)
      const { format, ...query } = request.query
      if (query.cursor !== undefined && format === 'ndjson') {
        const message = 'a download has all samples, and no cursor'
        throw queryConflict('cursor', message, 'omit cursor, or ask for JSON')
      }
      if (negotiateFormat(request, format, mediaTypes) === 'json')
        return watch.samples.page(name, query)
      const lines = Readable.from(await watch.samples.lines(name, query.version))
      return reply.type(mediaTypes.ndjson).send(lines)
    },
  )

  app.delete(
    '/models/:id/samples',
    {
      schema: {
        tags,
        operationId: 'deleteRequestSamples',
        summary: 'Delete the requests that were kept',
        description: 'Of a version, or all. Does nothing if there are none.',
        params: ModelParams,
        querystring: strictObject({ version }),
        problems: ['MODEL_NOT_FOUND'],
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await watch.samples.remove(await existing(request.params.id), request.query.version)
      return reply.code(204).send(null)
    },
  )

  async function existing(name: string): Promise<string> {
    if ((await models.versions(name)).length === 0) throw modelNotFound(name)
    return name
  }

  async function view(model: string): Promise<Watch> {
    return {
      model,
      samples: await watch.samples.settings(model),
      stored: await watch.samples.size(model),
      counts: { ...watch.samples.countsOf(model) },
    }
  }
}
