// The body of a request or an answer with binary tensors: JSON, then the tensors' bytes in its order.
import { truncate } from '../../errors.js'
import { invalidRequest } from './tensor.js'

/** The header that has the length of the JSON, in both directions. */
export const headerLengthField = 'inference-header-content-length'

/** Null without the header: the whole body is JSON. */
export function parseHeaderLength(value: string | string[] | undefined): number | null {
  if (value === undefined) return null
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value)
  const message = `Inference-Header-Content-Length is ${truncate(String(value))}, expected the length of the JSON at the beginning of the body`
  throw invalidRequest(message)
}

export function splitBody(body: Uint8Array, headerLength: number | null) {
  const length = headerLength ?? body.length
  if (length <= body.length)
    return { json: body.subarray(0, length), binary: body.subarray(length) }
  const message = `Inference-Header-Content-Length is ${length}, but the body has ${body.length} bytes`
  throw invalidRequest(message)
}
