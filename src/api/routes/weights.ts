import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { TrainyardError } from '../../errors.js'
import type { Jobs } from '../../jobs/jobs.js'
import { Name } from '../../spec/identifiers.js'
import { PageQuery, page } from '../../spec/paging.js'
import type { WeightsStore } from '../../weights/weights-store.js'
import { receiveUpload } from '../http/form-upload.js'
import type { Limits } from '../http/limits.js'
import { readForms } from '../http/multipart.js'
import { exceptBody } from '../http/validation.js'
import { Binary, NoContent, WeightsAnswer, WeightsSummaryAnswer } from '../schemas.js'

interface Parts {
  weights: Pick<WeightsStore, 'receive' | 'get' | 'list' | 'remove'>
  jobs: Pick<Jobs, 'usesWeights'>
  limits: Limits
}

const fieldNames = ['name'] as const

const WeightsForm = Type.Object({
  file: Type.Array(Binary, {
    description:
      'a TensorFlow checkpoint: its .index file and all .data files, or the one file of the old format; no graphs',
  }),
  name: Type.Optional(Name),
})

export const weightsRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, parts) => {
  const { weights, jobs, limits } = parts
  const tags = ['weights']
  const params = Type.Object({ id: Name })
  app.removeContentTypeParser('application/json')
  await readForms(app, { fileBytes: limits.uploadFileBytes, files: limits.uploadFiles, fields: 4 })

  app.post(
    '/weights',
    {
      validatorCompiler: exceptBody(app.validatorCompiler!),
      schema: {
        tags,
        summary: 'Upload a TensorFlow checkpoint for jobs to begin with',
        description: 'The same content again is the same weights: 200 instead of 201.',
        consumes: ['multipart/form-data'],
        body: WeightsForm,
        response: { 200: WeightsAnswer, 201: WeightsAnswer },
      },
    },
    async (request, reply) => {
      const upload = await weights.receive()
      try {
        const silence = limits.uploadSilenceMs
        const fields = await receiveUpload(request, reply, upload, fieldNames, silence)
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
        summary: 'List uploaded weights',
        querystring: Type.Object(PageQuery, { additionalProperties: false }),
        response: { 200: page(WeightsSummaryAnswer) },
      },
    },
    request => weights.list({ limit: 50, ...request.query }),
  )

  app.get(
    '/weights/:id',
    {
      schema: {
        tags,
        summary: 'Read what uploaded weights hold: names, types and shapes',
        params,
        response: { 200: WeightsAnswer },
      },
    },
    request => weights.get(request.params.id),
  )

  app.delete(
    '/weights/:id',
    {
      schema: {
        tags,
        summary: 'Remove uploaded weights',
        description: '409 while a queued or running job begins with them.',
        params,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      const { id } = await weights.get(request.params.id)
      if (await jobs.usesWeights(id)) throw weightsInUse(id)
      await weights.remove(id)
      return reply.code(204).send(null)
    },
  )
}

const weightsInUse = (id: string) =>
  new TrainyardError('WEIGHTS_IN_USE', 'conflict', `a queued or running job begins with '${id}'`)
