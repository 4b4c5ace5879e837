import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { type ErrorCode, errorCodes, statusOf } from '../spec/error-codes.js'
import { version } from '../version.js'
import { commonProblems } from './http/problem-codes.js'
import { ProblemResponse } from './schemas.js'

export const openapi: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Trainyard',
      version,
      summary:
        'Train image classifiers and boosted trees, follow their progress, and predict with them',
      description:
        'Upload a data set, submit a job, follow its metrics, then predict with its model. ' +
        'Every error is an RFC 9457 problem with a stable `code`, and `errors` names each bad field.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    } as NonNullable<FastifyDynamicSwaggerOptions['openapi']>['info'] & object,
    components: {
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: 'created at the first start, in the file `key` of the data folder',
        },
      },
    },
    security: [{ key: [] }],
    tags: [
      {
        name: 'datasets',
        description:
          'labelled images, or tables; immutable, with an id that derives from the content',
      },
      {
        name: 'weights',
        description: 'uploaded TensorFlow checkpoints, from which jobs can start',
      },
      {
        name: 'jobs',
        description:
          'training jobs: submit, follow, pause, resume, cancel and retry them; their metrics, logs and checkpoints',
      },
      { name: 'models', description: 'models that jobs have trained, and their predictions' },
      { name: 'events', description: 'one stream of all changes' },
      { name: 'webhooks', description: 'calls to your URLs when jobs change' },
      {
        name: 'server',
        description: 'the server itself; of these operations, only /metrics requires a key',
      },
    ],
  },
  transform: ({ schema, url, route }) => {
    const problems = problemResponses(commonProblems({ ...route, schema }), schema.problems ?? [])
    return { schema: { ...schema, response: { ...(schema.response as object), ...problems } }, url }
  },
  refResolver: { buildLocalReference: json => String(json.$id) },
}

/** Error responses: an exact status if the operation has codes of its own for it, else 4xx and 5xx. */
function problemResponses(common: readonly ErrorCode[], own: readonly ErrorCode[]) {
  const ownStatuses = own.map(statusOf)
  const codes: Record<string, ErrorCode[]> = {}
  for (const code of new Set([...common, ...own])) {
    const status = statusOf(code)
    const key = ownStatuses.includes(status) ? String(status) : `${Math.floor(status / 100)}xx`
    codes[key] = [...(codes[key] ?? []), code]
  }
  return Object.fromEntries(
    Object.entries(codes).map(([key, listed]) => [key, problemResponse(key, listed)]),
  )
}

function problemResponse(key: string, codes: readonly ErrorCode[]) {
  if (key.endsWith('xx')) {
    const description = `an error that other operations have, too: ${codes.join(', ')}`
    return { description, content: { 'application/problem+json': { schema: ProblemResponse } } }
  }
  const description = codes.map(code => `\`${code}\`: ${errorCodes[code].when}`).join('; ')
  const schema = { allOf: [ProblemResponse, { properties: { code: { enum: codes } } }] }
  return { description, content: { 'application/problem+json': { schema } } }
}
