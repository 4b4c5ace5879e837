import { pipeline, Readable } from 'node:stream'
import { promisify } from 'node:util'
import { brotliCompress, constants, createBrotliCompress, createGzip, gzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * The answer has a secret. It is not compressed: its length would tell how much of the request is in the secret,
     * too (breachattack.com).
     */
    secret?: boolean
  }
}

/** Smaller answers fit into one packet in any case. */
const minBytes = 1024

/** JSON and text. Archives have models, whose numbers do not shrink, and streams of events flush each event. */
const compressibleTypes =
  /^(text\/(?!event-stream)|application\/([\w.-]+\+)?json\b|application\/x-ndjson)/

// higher qualities are for files that are compressed once; a large window takes megabytes for each answer
const brotliOptions = {
  params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_LGWIN]: 18 },
}

const encoders = {
  br: {
    compress: (content: string | Buffer) => promisify(brotliCompress)(content, brotliOptions),
    stream: () => createBrotliCompress(brotliOptions),
  },
  gzip: {
    compress: (content: string | Buffer) => promisify(gzip)(content),
    stream: () => createGzip(),
  },
}

/**
 * Compresses JSON and text with Brotli or gzip, for clients that accept it, outside the event loop. An answer to HEAD
 * gets the same headers.
 */
export function compressAnswers(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const unchanged = () => done(null, payload)
    if (!compressibleTypes.test(String(reply.getHeader('content-type') ?? ''))) return unchanged()
    if (request.routeOptions.config?.secret) return unchanged()
    // the build compressed it
    if (reply.hasHeader('content-encoding')) return unchanged()
    const vary = reply.getHeader('vary')
    const others = vary === undefined ? '' : `${[vary].flat().join(', ')}, `
    reply.header('vary', `${others}accept-encoding`)
    const encoding = acceptedEncoding(request.headers['accept-encoding'])
    if (!encoding) return unchanged()
    if (payload instanceof Readable) {
      setEncoding(reply, encoding)
      // an error of one destroys the other
      const isHead = request.method === 'HEAD'
      return done(null, isHead ? payload : pipeline(payload, encoders[encoding].stream(), () => {}))
    }
    if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return unchanged()
    if (Buffer.byteLength(payload) < minBytes) return unchanged()
    setEncoding(reply, encoding)
    encoders[encoding].compress(payload).then(compressed => done(null, compressed), done)
  })
}

function setEncoding(reply: FastifyReply, encoding: string): void {
  reply.header('content-encoding', encoding).removeHeader('content-length')
}

/** The first of our encodings that an Accept-Encoding header allows (RFC 9110, section 12.5.3). */
export function acceptedEncoding(header: string | undefined): keyof typeof encoders | null {
  if (!header) return null
  const weights = new Map<string, number>()
  for (const each of header.toLowerCase().split(',')) {
    const [name = '', ...params] = each.split(';').map(part => part.trim())
    const weight = params.find(param => param.startsWith('q='))?.slice(2)
    weights.set(name, weight === undefined ? 1 : Number(weight))
  }
  const isAccepted = (name: string) => (weights.get(name) ?? weights.get('*') ?? 0) > 0
  return (Object.keys(encoders) as (keyof typeof encoders)[]).find(isAccepted) ?? null
}
