import { jsonBody, type RequestOptions } from './caller.js'

/** One file, such as an image, a CSV or a Parquet file with its `type`; or instances, as docs/predictions.md describes them. */
export type PredictInput = Blob | readonly unknown[]

/** Predictions change nothing, so they may be asked for again. */
export const inputBody = (input: PredictInput): RequestOptions =>
  input instanceof Blob
    ? {
        headers: { 'content-type': input.type || 'application/octet-stream' },
        body: input,
        isRepeatable: true,
      }
    : { ...jsonBody({ instances: input }), isRepeatable: true }
