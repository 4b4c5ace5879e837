// The body of a request or an answer with binary tensors: JSON, then the tensors' bytes in its order.
import { invalidRequest } from './tensor.js'

/** The header that has the length of the JSON, in both directions. */
export const headerLengthField = 'inference-header-content-length'

/** `headerLength`: the length of the JSON; null: the whole body is JSON. */
export function splitBody(body: Uint8Array, headerLength: number | null) {
  const length = headerLength ?? body.length
  if (length <= body.length)
    return { json: body.subarray(0, length), binary: body.subarray(length) }
  const message = `Inference-Header-Content-Length is ${length}, but the body has ${body.length} bytes`
  throw invalidRequest(message)
}
