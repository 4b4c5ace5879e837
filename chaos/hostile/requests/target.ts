import type { Random } from '../../random.js'
import type { RawRequest } from './exchange.js'
import { type RequestText, requestBytes } from './http-text.js'

/** What exists on the server, for requests that reach past the checks of ids. */
export interface Target {
  key: string
  job: string
  images: string
  table: string
  model: string
  /** A file that the data-set upload accepts, and others that it must refuse. */
  files: readonly { name: string; content: Buffer }[]
}

/** A kind of request. What it sends follows from `random` alone, so that a seed replays it. */
export interface RequestKind {
  name: string
  weight: number
  make(random: Random, target: Target): RawRequest
}

/** A whole HTTP request, to which an answer is due. */
export function whole(text: RequestText, { key }: Pick<Target, 'key'>): RawRequest {
  return {
    parts: [requestBytes(text, key)],
    due: 'answer',
    isHead: text.method === 'HEAD',
  }
}

/** Every route of the API, with ids that exist or could. */
export function routesOf(target: Target): readonly (readonly [method: string, path: string])[] {
  const { job, table, model } = target
  return [
    ['GET', '/healthz'],
    ['GET', '/readyz'],
    ['GET', '/metrics'],
    ['GET', '/workers'],
    ['GET', '/openapi.json'],
    ['GET', '/docs'],
    ['GET', '/jobs'],
    ['GET', `/jobs/${job}`],
    ['GET', `/jobs/${job}/metrics`],
    ['GET', `/jobs/${job}/logs`],
    ['GET', `/jobs/${job}/events`],
    ['GET', `/jobs/${job}/checkpoints`],
    ['GET', `/jobs/${job}/checkpoints/5`],
    ['GET', `/jobs/${job}/tensorboard`],
    ['GET', '/datasets'],
    ['GET', `/datasets/${table}`],
    ['GET', '/models'],
    ['GET', `/models/${model}`],
    ['GET', '/weights'],
    ['GET', '/weights/none'],
    ['GET', '/webhooks'],
    ['GET', '/webhooks/none'],
    ['GET', '/webhooks/none/deliveries'],
    ['POST', '/jobs'],
    ['POST', '/jobs/cancel'],
    ['POST', '/jobs/none/cancel'],
    ['POST', '/jobs/none/pause'],
    ['POST', '/jobs/none/resume'],
    ['POST', '/jobs/none/retry'],
    ['POST', '/datasets'],
    ['POST', '/weights'],
    ['POST', '/webhooks'],
    ['POST', '/webhooks/none/test'],
    ['POST', `/models/${model}/predict`],
    ['GET', '/v2'],
    ['GET', `/v2/models/${model}`],
    ['GET', `/v2/models/${model}/stats`],
    ['POST', `/v2/models/${model}/infer`],
    ['POST', `/v2/models/${model}/versions/1/infer`],
    ['POST', '/v2/repository/index'],
    ['GET', `/v1/models/${model}/metadata`],
    ['POST', `/v1/models/${model}:predict`],
    ['POST', `/v1/models/${model}/versions/1:classify`],
    ['POST', `/v1/models/${model}/labels/none:regress`],
    ['DELETE', '/jobs/none'],
    ['DELETE', '/datasets/none'],
    ['DELETE', '/weights/none'],
    ['DELETE', '/webhooks/none'],
  ]
}

/** Random bytes that follow from `random`. */
export const bytes = (random: Random, count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, () => random.integerBelow(256)))
