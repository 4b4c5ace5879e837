import type { FastifyRequest } from 'fastify'

export const eventStreamType = 'text/event-stream'

/**
 * Which of the forms of an answer a request asks for: `?format=` for those who cannot set a header, else
 * the first media type of `Accept` that there is, else the first form.
 */
export function negotiateFormat<F extends string>(
  request: FastifyRequest,
  requested: string | undefined,
  mediaTypes: Record<F, string>,
): F {
  const formats = Object.keys(mediaTypes) as F[]
  const explicit = formats.find(format => format === requested)
  if (explicit) return explicit
  const accepted = (request.headers.accept ?? '').split(',').map(each => each.split(';')[0]!.trim())
  const formatOf = (type: string) => formats.find(format => mediaTypes[format] === type)
  return accepted.map(formatOf).find(format => format !== undefined) ?? formats[0]!
}

/** Where a stream goes on that broke off. */
export function lastEventId({ headers }: FastifyRequest): string | undefined {
  const id = headers['last-event-id']
  return typeof id === 'string' && id !== '' ? id : undefined
}
