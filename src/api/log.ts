import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
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
export function logRequests(app: FastifyInstance, log: Pick<Logger, 'isLevelEnabled'>): void {
  if (!log.isLevelEnabled('debug')) return
  app.addHook('onResponse', (request, reply, done) => {
    const details = { req: request, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }
    request.log.debug(details, 'request')
    done()
  })
}

type LogArguments = Parameters<FastifyBaseLogger['info']>

/**
 * The log of one request, which names it in each line. Most requests log nothing, and to make a logger of pino takes
 * longer than to route a request: it is made for the first line.
 */
export class RequestLog implements FastifyBaseLogger {
  private made: FastifyBaseLogger | null = null

  constructor(
    private readonly parent: FastifyBaseLogger,
    private readonly bindings: Parameters<FastifyBaseLogger['child']>[0],
  ) {}

  get level(): string {
    return this.parent.level
  }

  fatal(...args: unknown[]): void {
    this.log.fatal(...(args as LogArguments))
  }

  error(...args: unknown[]): void {
    this.log.error(...(args as LogArguments))
  }

  warn(...args: unknown[]): void {
    this.log.warn(...(args as LogArguments))
  }

  info(...args: unknown[]): void {
    this.log.info(...(args as LogArguments))
  }

  debug(...args: unknown[]): void {
    this.log.debug(...(args as LogArguments))
  }

  trace(...args: unknown[]): void {
    this.log.trace(...(args as LogArguments))
  }

  silent(...args: unknown[]): void {
    this.log.silent(...(args as LogArguments))
  }

  child(...args: Parameters<FastifyBaseLogger['child']>): FastifyBaseLogger {
    return this.log.child(...args)
  }

  private get log(): FastifyBaseLogger {
    this.made ??= this.parent.child(this.bindings)
    return this.made
  }
}

function describeRequest({ method, url, host, ip }: FastifyRequest) {
  const path = truncate(url.split(/[?#]/, 1)[0]!, 200)
  return { method, path, host: truncate(host, 100), remoteAddress: ip }
}

/** API keys (`ty_…`), stream tickets (`tk_…`), sessions (`ts_…`), and what webhook signatures are made from (`tw_…`, `whsec_…`). */
const secret = /\b(ty|tk|ts|tw|whsec)(_|%5f)[\w+/=%-]{8,}/gi

export const hideSecrets = (line: string): string => line.replace(secret, '$1_…')
