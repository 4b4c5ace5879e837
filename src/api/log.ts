import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type DestinationStream, type Logger, pino } from 'pino'
import { truncate } from '../errors.js'

/**
 * Creates the API's log. It never contains a key: of URLs it has only the path, since clients pass keys as
 * parameters by mistake, and every text that looks like a secret of this server is cut.
 */
export const createLogger = (level: string, output: DestinationStream): Logger =>
  pino(
    {
      name: 'api',
      level,
      redact: ['authorization', 'headers.authorization', 'req.headers.authorization'],
      serializers: { req: describeRequest },
      hooks: { streamWrite: hideSecrets },
    },
    output,
  )

/** Logs each answered request at debug, in one line. Clients poll, so at info they would hide the jobs. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const details = { req: request, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }
    request.log.debug(details, 'request')
  })
}

function describeRequest({ method, url, host, ip }: FastifyRequest) {
  const path = truncate(url.split(/[?#]/, 1)[0]!, 200)
  return { method, path, host: truncate(host, 100), remoteAddress: ip }
}

/** API keys (`ty_…`), stream tickets (`tk_…`), sessions (`ts_…`), and what webhook signatures are made from (`tw_…`, `whsec_…`). */
const secret = /\b(ty|tk|ts|tw|whsec)(_|%5f)[\w+/=%-]{8,}/gi

export const hideSecrets = (line: string): string => line.replace(secret, '$1_…')
