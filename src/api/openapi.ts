import { readFileSync } from 'node:fs'
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { ProblemResponse } from './schemas.js'

// three folders up, since the compiled file is dist/src/api/openapi.js
const packageFile = new URL('../../../package.json', import.meta.url)
export const version: string = JSON.parse(readFileSync(packageFile, 'utf8')).version

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
      { name: 'webhooks', description: 'calls to your URLs when jobs change' },
      {
        name: 'server',
        description: 'the server itself; of these operations, only /metrics requires a key',
      },
    ],
  },
  refResolver: { buildLocalReference: json => String(json.$id) },
}

/** Any route may fail, and all fail alike, so no route has to say so. */
export function addProblemResponses(app: FastifyInstance): void {
  app.addHook('onRoute', route => {
    if (!route.schema || route.schema.hide) return
    const content = { 'application/problem+json': { schema: ProblemResponse } }
    const problem = { description: 'a problem', content }
    const response = (route.schema.response ?? {}) as Record<string, unknown>
    route.schema.response = { ...response, '4xx': problem, '5xx': problem }
  })
}
