import type { FastifyReply, FastifyRequest } from 'fastify'
import { HttpError } from './http-error.js'
import type { Limits } from './limits.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The most bytes of a body that this route holds in memory. `limits.bodyBytes` if absent. */
    heldBytes?: (request: FastifyRequest) => number
  }
}

type MemoryLimits = Pick<Limits, 'allBodiesBytes' | 'bodyBytes'>

/** The part of the memory that only bodies of at most `bodyBytes` get, so that jobs can be submitted while large predictions fill the rest. */
const shareOfSmallBodies = 1 / 4

/** The memory for the bodies of all requests in flight, and for what is made of them. Counts, and allocates nothing. */
export class BodyMemory {
  private used = 0

  constructor(private readonly limits: MemoryLimits) {}

  /** Returns a function that gives the bytes back. Throws OVERLOADED if too few are left. */
  reserve(bytes: number): () => void {
    const { allBodiesBytes, bodyBytes } = this.limits
    const available = bytes > bodyBytes ? allBodiesBytes * (1 - shareOfSmallBodies) : allBodiesBytes
    if (this.used + bytes > available) throw overloaded(bytes)
    this.used += bytes
    let reserved = bytes
    return () => {
      this.used -= reserved
      reserved = 0
    }
  }
}

/** An `onRequest` hook that reserves memory for the body before any of it is read. */
export const reserveBody =
  (memory: BodyMemory, { bodyBytes }: Limits) =>
  (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    if (hasBody(request)) {
      const held = request.routeOptions.config.heldBytes?.(request) ?? bodyBytes
      const stated = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY)
      reply.raw.once('close', memory.reserve(Math.min(stated, held)))
    }
    done()
  }

export const hasBody = ({ headers }: Pick<FastifyRequest, 'headers'>): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

const overloaded = (bytes: number) =>
  new HttpError(
    'OVERLOADED',
    `other requests hold the memory for bodies, and this one needs ${bytes} bytes; try again`,
    { headers: { connection: 'close' } },
  )
