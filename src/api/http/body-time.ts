import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasBody } from './body-memory.js'
import { HttpError } from './http-error.js'
import type { Limits } from './limits.js'

type TimeLimits = Pick<Limits, 'bodyGraceMs' | 'bodyBytesPerSecond' | 'uploadBytesPerSecond'>

interface Receiving {
  request: FastifyRequest
  reply: FastifyReply
  startedAt: number
  /** What the connection had received before. */
  earlierBytes: number
  /** Time in which the server did not read, since its disk was slow. */
  pausedMs: number
  bytesPerSecond: number
}

const checkIntervalMs = 1000
/** How long the answer may take to be sent before the connection is cut. */
const answerMs = 5000

/**
 * Answers 408 if a body arrives too slowly: after a grace period, it must have come at a minimum rate on
 * average. So the time of every request has a limit that its size sets, and a client cannot hold memory or
 * a connection with a byte now and then.
 */
export function limitBodyTime(app: FastifyInstance, limits: TimeLimits): void {
  const receiving = new Set<Receiving>()
  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = request
    if (raw.complete || !hasBody(request)) return done()
    const entry: Receiving = {
      request,
      reply,
      startedAt: Date.now(),
      earlierBytes: raw.socket.bytesRead,
      pausedMs: 0,
      bytesPerSecond: isForm(request) ? limits.uploadBytesPerSecond : limits.bodyBytesPerSecond,
    }
    receiving.add(entry)
    raw.once('close', () => receiving.delete(entry))
    done()
  })
  const timer = setInterval(() => {
    for (const entry of receiving) {
      if (entry.request.raw.complete) receiving.delete(entry)
      else if (isTooSlow(entry, limits.bodyGraceMs)) {
        receiving.delete(entry)
        refuse(entry)
      }
    }
  }, checkIntervalMs).unref()
  app.addHook('onClose', async () => clearInterval(timer))
}

/** What is written to disk as it arrives. */
const isForm = ({ headers }: FastifyRequest) =>
  /^(multipart\/form-data|application\/offset\+octet-stream)/.test(headers['content-type'] ?? '')

function isTooSlow(entry: Receiving, graceMs: number): boolean {
  const { raw } = entry.request
  if (raw.readableLength >= raw.readableHighWaterMark) entry.pausedMs += checkIntervalMs
  const bytes = raw.socket.bytesRead - entry.earlierBytes
  const allowedMs = graceMs + (bytes / entry.bytesPerSecond) * 1000
  return Date.now() - entry.startedAt - entry.pausedMs > allowedMs
}

function refuse({ request: { raw }, reply, bytesPerSecond }: Receiving): void {
  const { socket } = raw
  // the reader of the body answers the error; without a reader, the answer has been sent already
  if (reply.sent || raw.listenerCount('error') === 0) {
    socket.destroy()
    return
  }
  const message = `the body arrives too slowly, expected at least ${bytesPerSecond} bytes per second`
  raw.emit('error', new HttpError('BODY_TOO_SLOW', message))
  setTimeout(() => socket.destroy(), answerMs).unref()
}
