import type { FastifyRequest } from 'fastify'
import { truncate } from '../../errors.js'
import { HttpError } from './http-error.js'

export const eventStreamType = 'text/event-stream'

/**
 * Chooses the format of a response: `?format=` if given (for clients that cannot set headers), else the
 * first supported media type in `Accept`, else the first format. Ignores quality values.
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

/**
 * As `negotiateFormat`, but by quality values (RFC 9110, section 12.5.1), and throws NOT_ACCEPTABLE if the client
 * accepts none of the types. Of types that it accepts equally, the one wins that it names most exactly, then the
 * one that it names first, then our first.
 */
export function requireFormat<F extends string>(
  { headers }: Pick<FastifyRequest, 'headers'>,
  requested: F | undefined,
  mediaTypes: Record<F, string>,
): F {
  const formats = Object.keys(mediaTypes) as F[]
  if (requested) return requested
  const { accept } = headers
  if (accept === undefined || accept.trim() === '' || accept === '*/*') return formats[0]!
  const ranges = parseAccept(accept)
  let best: { format: F; range: MediaRange } | null = null
  for (const format of formats) {
    const range = rangeOf(mediaTypes[format], ranges)
    if (!range || range.quality === 0) continue
    if (best === null || isPreferred(range, best.range)) best = { format, range }
  }
  if (best) return best.format
  const served = Object.values(mediaTypes).join(', ')
  const message = `the client accepts ${truncate(accept)}, and the answer can be ${served}; \`format\` in the query overrides Accept`
  throw new HttpError('NOT_ACCEPTABLE', message)
}

interface MediaRange {
  /** A type such as `text/csv`, or with `*` after the slash, or twice. */
  type: string
  /** 0: any type; 1: any of a kind; 2: one type. */
  exactness: number
  /** 0 to 1; 0 means that the type is not accepted. */
  quality: number
  position: number
}

/** A header of Node is at most 16 KiB; the first ranges say enough. */
const maxRanges = 100

/** Parameters other than `q` do not count. A range whose quality is none is passed over. */
function parseAccept(accept: string): MediaRange[] {
  return accept
    .toLowerCase()
    .split(',', maxRanges)
    .flatMap((each, position) => {
      const [type = '', ...parameters] = each.split(';').map(part => part.trim())
      const weight = parameters.find(parameter => parameter.startsWith('q='))?.slice(2)
      if (weight !== undefined && !/^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight)) return []
      const exactness = type === '*/*' ? 0 : type.endsWith('/*') ? 1 : 2
      return [{ type, exactness, quality: weight === undefined ? 1 : Number(weight), position }]
    })
}

/** The most exact range that a type is in: it alone says how the type is accepted. */
function rangeOf(mediaType: string, ranges: readonly MediaRange[]): MediaRange | undefined {
  const kind = `${mediaType.split('/')[0]}/*`
  const fitting = ranges.filter(({ type }) => type === mediaType || type === kind || type === '*/*')
  return fitting.sort((a, b) => b.exactness - a.exactness)[0]
}

const isPreferred = (a: MediaRange, b: MediaRange) =>
  a.quality !== b.quality
    ? a.quality > b.quality
    : a.exactness !== b.exactness
      ? a.exactness > b.exactness
      : a.position < b.position

/** The id of the last event that a reconnecting SSE client has received. */
export function lastEventId({ headers }: FastifyRequest): string | undefined {
  const id = headers['last-event-id']
  return typeof id === 'string' && id !== '' ? id : undefined
}
