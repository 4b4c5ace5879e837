import { jsonBody, type RequestOptions } from './caller.js'

/** A file with its media type, a form of image files, or instances: docs/predict.md describes them. */
export type PredictInput = Blob | FormData | readonly unknown[]

/** Predictions change nothing, so they may be asked for again. */
export function inputBody(input: PredictInput): RequestOptions {
  const isRepeatable = true
  if (input instanceof FormData) return { body: input, isRepeatable }
  if (!(input instanceof Blob)) return { ...jsonBody({ instances: input }), isRepeatable }
  const headers = { 'content-type': input.type || 'application/octet-stream' }
  return { headers, body: input, isRepeatable }
}
