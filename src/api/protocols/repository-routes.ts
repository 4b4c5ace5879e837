import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import {
  loadModel,
  refuseToUnload,
  repositoryIndex,
} from '../../serving/protocols/model-repository.js'
import {
  RepositoryIndexRequest,
  RepositoryLoadRequest,
  RepositoryModel,
} from '../../spec/inference-protocol.js'
import { HttpError, invalidRequest } from '../http/http-error.js'
import { bytesOf } from '../http/raw-request.js'
import { repositoryIndexExamples, repositoryLoadExamples } from '../openapi/protocol-examples.js'
import { parseJson } from '../predict/input.js'
import type { ProtocolParts } from './protocol-parts.js'
import { ById, predictionProblems, readsBody, selectorProblems } from './protocol-schemas.js'

type Fields = Readonly<Record<string, unknown>>

/** Triton's model repository: its index, and what can be said of loading and unloading. */
export const repositoryRoutes: FastifyPluginAsyncTypebox<ProtocolParts> = async (app, parts) => {
  const { limits } = parts
  const tags = ['inference']

  app.post(
    '/v2/repository/index',
    {
      ...readsBody(limits),
      schema: {
        tags,
        operationId: 'inferRepositoryIndex',
        summary: 'List all versions of all models, in Triton’s form',
        description:
          'Every version is `READY`: it is loaded when it is asked. A version that is known to be damaged is `UNAVAILABLE`. `ready` leaves those out.',
        body: RepositoryIndexRequest,
        optionalBody: true,
        requestExamples: repositoryIndexExamples,
        response: { 200: Type.Array(RepositoryModel, { description: 'the versions' }) },
      },
    },
    async request => {
      const { ready = false } = jsonOf(request)
      if (typeof ready !== 'boolean')
        throw invalidRequest('/ready', 'wrong_type', 'ready is expected to be true or false')
      return repositoryIndex(parts, ready)
    },
  )

  app.post(
    '/v2/repository/models/:id/load',
    {
      ...readsBody(limits),
      schema: {
        tags,
        operationId: 'inferLoadModel',
        summary: 'Load a model before it is asked',
        description:
          'Models are loaded when they are asked; this asks once, with a blank image or row. Models come from jobs: a configuration or files in `parameters` are refused.',
        params: ById,
        body: RepositoryLoadRequest,
        optionalBody: true,
        problems: predictionProblems,
        requestExamples: repositoryLoadExamples,
        response: { 200: Type.Object({}, { description: 'it is loaded' }) },
      },
    },
    async request => {
      await loadModel(parts, request.params.id, parametersOf(request))
      return {}
    },
  )

  app.post(
    '/v2/repository/models/:id/unload',
    {
      ...readsBody(limits),
      schema: {
        tags,
        operationId: 'inferUnloadModel',
        summary: 'Refused: the server itself unloads models',
        description:
          'The models that were asked least recently leave the memory. To remove a model for good, send `DELETE /models/:id`.',
        params: ById,
        body: RepositoryLoadRequest,
        optionalBody: true,
        problems: selectorProblems,
        requestExamples: repositoryLoadExamples,
        response: { 200: Type.Object({}, { description: 'never' }) },
      },
    },
    async request => {
      parametersOf(request)
      return refuseToUnload(parts, request.params.id)
    },
  )

  function jsonOf(request: FastifyRequest): Fields {
    const bytes = bytesOf(request)
    if (bytes.length > limits.bodyBytes) {
      const message = `the body has ${bytes.length} bytes, expected at most ${limits.bodyBytes}`
      throw new HttpError('BODY_TOO_LARGE', message)
    }
    // tritonclient sends an empty body
    const json = bytes.length === 0 ? {} : parseJson(bytes)
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Fields
    throw invalidRequest('', 'wrong_type', 'the body is expected to be an object')
  }

  function parametersOf(request: FastifyRequest): Fields {
    const { parameters = {} } = jsonOf(request)
    if (typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters))
      return parameters as Fields
    throw invalidRequest('/parameters', 'wrong_type', 'parameters is expected to be an object')
  }
}
