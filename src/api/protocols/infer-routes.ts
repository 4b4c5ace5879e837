import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { headerLengthField } from '../../serving/protocols/binary-body.js'
import { predictOptionsOf } from '../../serving/protocols/infer-request.js'
import { inferBody } from '../../serving/protocols/infer-response.js'
import { checkRequestedOutputs, chooseOutputs } from '../../serving/protocols/model-outputs.js'
import { InferHeaders, InferRequestBody } from '../../spec/inference-protocol.js'
import type { ModelSelector } from '../../spec/model-selector.js'
import { clientGone } from '../http/client-gone.js'
import { inferExamples } from '../openapi/protocol-examples.js'
import type { InferInput } from '../predict/protocol-input.js'
import { Binary, InferAnswerResponse } from '../schemas.js'
import { type ProtocolParts, selectorOf, taskOf } from './protocol-parts.js'
import { ById, ByVersion, predictionProblems, readsBody } from './protocol-schemas.js'

const body = Type.Unsafe<unknown>({
  content: {
    'application/json': { schema: InferRequestBody },
    'application/octet-stream': { schema: Binary },
  },
})

/** Predictions by the Open Inference Protocol, with tensors as JSON or as bytes after it. */
export const inferRoutes: FastifyPluginAsyncTypebox<ProtocolParts> = async (app, parts) => {
  const { limits } = parts
  const schema = {
    tags: ['inference'],
    summary: 'Predict from named tensors',
    description:
      'Tensors are JSON, or bytes that follow the JSON (`binary_data_size`; `Inference-Header-Content-Length` is the length of the JSON then, and 0 if the body is an image file or floats alone). `outputs` says what is returned, `binary_data` how.',
    consumes: ['application/json', 'application/octet-stream'],
    headers: InferHeaders,
    body,
    problems: predictionProblems,
    requestExamples: inferExamples,
    responseHeaders: { 200: ['Inference-Header-Content-Length'] as const },
    response: {
      200: Type.Unsafe<unknown>({
        description: 'the outputs; with binary tensors, their bytes follow the JSON',
        content: {
          'application/json': { schema: InferAnswerResponse },
          'application/octet-stream': { schema: Binary },
        },
      }),
    },
  }

  app.post(
    '/v2/models/:id/infer',
    { ...readsBody(limits), schema: { ...schema, operationId: 'infer', params: ById } },
    (request, reply) => infer(request, reply, selectorOf(request.params)),
  )
  app.post(
    '/v2/models/:id/versions/:version/infer',
    { ...readsBody(limits), schema: { ...schema, operationId: 'inferVersion', params: ByVersion } },
    (request, reply) => infer(request, reply, selectorOf(request.params)),
  )

  async function infer(
    request: FastifyRequest,
    reply: FastifyReply,
    selector: ModelSelector,
  ): Promise<unknown> {
    const signal = clientGone(reply)
    // the schema has made it a number
    const headerLength = (request.headers[headerLengthField] as unknown as number) ?? null
    const model = await parts.select(request, selector)
    const task = { ...taskOf(request, model, limits), kind: 'infer', headerLength } as const
    const { input, outputs: requested, ...asked } = (await parts.read(task, model)) as InferInput
    checkRequestedOutputs(model, requested ?? [])
    const options = {
      ...predictOptionsOf(asked.parameters, request.prediction!.startedAt),
      signal,
    }
    const { outputs, notes } = await parts.predict(request, model, input, options)
    const { content, headerLength: answerHeaderLength } = await inferBody({
      modelName: model.id,
      modelVersion: model.version,
      id: asked.id,
      notes,
      outputs: await chooseOutputs(outputs, requested, asked.binary, model.labels),
    })
    if (answerHeaderLength === null)
      return reply.type('application/json; charset=utf-8').send(content)
    return reply
      .type('application/octet-stream')
      .header(headerLengthField, answerHeaderLength)
      .send(content)
  }
}
