import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { TrainyardError } from '../../errors.js'
import type { Jobs } from '../../jobs/jobs.js'
import { Name } from '../../spec/identifiers.js'
import { weightsListFields } from '../../spec/list-fields.js'
import { WeightsListQuery } from '../../spec/list-queries.js'
import { page } from '../../spec/paging.js'
import { strictObject } from '../../spec/strict-object.js'
import { WeightsSummary } from '../../spec/weights.js'
import type { WeightsStore } from '../../weights/weights-store.js'
import { receiveUpload } from '../http/form-upload.js'
import type { Limits } from '../http/limits.js'
import { sendPage } from '../http/list-answer.js'
import { conditionIf, parseFields, parseListQuery, timeBetween } from '../http/list-query.js'
import { registerMultipart } from '../http/multipart.js'
import { formProblems } from '../http/problem-codes.js'
import { splitLists } from '../http/split-lists.js'
import { skipBodyValidation } from '../http/validation.js'
import { weightsExamples } from '../openapi/request-examples.js'
import {
  Binary,
  NoContent,
  WeightsFieldsResponse,
  WeightsResponse,
  WeightsSummaryResponse,
} from '../schemas.js'

export interface WeightsRoutesDeps {
  weights: Pick<WeightsStore, 'createUpload' | 'get' | 'idOf' | 'list' | 'remove'>
  jobs: Pick<Jobs, 'usesWeights'>
  limits: Limits
}

const fieldNames = ['name', 'normalize'] as const

const WeightsForm = strictObject({
  file: Type.Array(Binary, {
    minItems: 1,
    description:
      'a TensorFlow checkpoint: its .index file and all .data files, or the single file of the V1 format; files with graphs are rejected; a file part may have any name',
  }),
  name: Type.Optional(Name),
  normalize: Type.Optional(
    Type.String({
      description:
        'how the images that the weights learnt from were normalized: caffe, inception, torchvision, or an object with mean and std as JSON. Jobs that start from the weights do the same',
    }),
  ),
})

export const weightsRoutes: FastifyPluginAsyncTypebox<WeightsRoutesDeps> = async (app, deps) => {
  const { weights, jobs, limits } = deps
  const tags = ['weights']
  const params = Type.Object({ id: Name })
  app.removeContentTypeParser('application/json')
  await registerMultipart(app, {
    fileBytes: limits.uploadFileBytes,
    files: limits.uploadFiles,
    fields: 4,
  })

  app.post(
    '/weights',
    {
      validatorCompiler: skipBodyValidation,
      config: { heldBytes: () => limits.uploadBufferBytes },
      schema: {
        tags,
        operationId: 'uploadWeights',
        summary: 'Upload a TensorFlow checkpoint from which jobs can start',
        description:
          'If the same content was uploaded before, with the same normalize, the answer is 200 with the existing weights.',
        consumes: ['multipart/form-data'],
        body: WeightsForm,
        problems: [
          ...formProblems,
          'WEIGHTS_FORM',
          'WEIGHTS_FORMAT',
          'WEIGHTS_INCOMPLETE',
          'WEIGHTS_DAMAGED',
          'WEIGHTS_TOO_LARGE',
        ],
        requestExamples: weightsExamples,
        responseHeaders: { 200: ['Location'], 201: ['Location'] },
        response: { 200: WeightsResponse, 201: WeightsResponse },
      },
    },
    async (request, reply) => {
      const upload = await weights.createUpload()
      try {
        const idleTimeoutMs = limits.uploadIdleTimeoutMs
        const fields = await receiveUpload(request, reply, upload, fieldNames, idleTimeoutMs)
        const { weights: stored, created } = await upload.commit(fields)
        reply.code(created ? 201 : 200).header('location', `/weights/${stored.id}`)
        return stored
      } catch (error) {
        await upload.abort()
        throw error
      }
    },
  )

  app.get(
    '/weights',
    {
      schema: {
        tags,
        operationId: 'listWeights',
        summary: 'List uploaded weights, by id or as `sort` says',
        description:
          '`sort`, `where` and `fields` take several values: repeat them, or separate the values with commas. The answer is a page; `nextCursor` leads to the next one. The tensors are listed by `GET /weights/{id}`.',
        querystring: WeightsListQuery,
        problems: ['INVALID_QUERY', 'INVALID_CURSOR'],
        response: { 200: page(Type.Union([WeightsSummaryResponse, WeightsFieldsResponse])) },
      },
      preValidation: splitLists('sort', 'where', 'fields'),
    },
    async (request, reply) => {
      const { name, createdAfter, createdBefore, fields } = request.query
      const query = parseListQuery(request.query, weightsListFields, [
        ...conditionIf('name', '^=', name),
        ...timeBetween('createdAt', createdAfter, createdBefore),
      ])
      const only = parseFields(fields, WeightsSummary)
      return sendPage(reply, WeightsSummaryResponse, await weights.list(query), only)
    },
  )

  app.get(
    '/weights/:id',
    {
      config: { etag: true },
      schema: {
        tags,
        operationId: 'getWeights',
        summary: 'Get the names, types and shapes of uploaded weights',
        description:
          'A job that starts from the weights takes the variables that it has by name and shape.',
        params,
        problems: ['WEIGHTS_NOT_FOUND'],
        response: { 200: WeightsResponse },
      },
    },
    request => weights.get(request.params.id),
  )

  app.delete(
    '/weights/:id',
    {
      schema: {
        tags,
        operationId: 'deleteWeights',
        summary: 'Delete uploaded weights',
        description: 'Fails with 409 while a queued or running job starts from them.',
        params,
        problems: ['WEIGHTS_NOT_FOUND', 'WEIGHTS_IN_USE'],
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      const id = await weights.idOf(request.params.id)
      if (await jobs.usesWeights(id)) throw weightsInUse(id)
      await weights.remove(id)
      return reply.code(204).send(null)
    },
  )
}

const weightsInUse = (id: string) =>
  new TrainyardError('WEIGHTS_IN_USE', `a queued or running job starts from weights '${id}'`)
