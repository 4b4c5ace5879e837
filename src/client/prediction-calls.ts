import { type Caller, type CallOptions, jsonBody, pathOf, type Query, withQuery } from './caller.js'

/** What predicts: a model, or the checkpoints of a job. */
export type Predictor = { model: string } | { job: string }

/** A file with its media type, a form of image files, or instances. */
export type PredictionBody = Blob | FormData | readonly unknown[]

/** Predictions and explanations in any format: docs/predict.md lists bodies, answers and the parameters of a query. */
export class PredictionCalls {
  constructor(private readonly caller: Caller) {}

  /** The query may name the version, or `at` of a job, and the `format` of the answer. */
  predict(of: Predictor, body: PredictionBody, query: Query = {}, options?: CallOptions) {
    return this.ask(of, 'predict', body, query, options)
  }

  explain(of: Predictor, body: PredictionBody, query: Query = {}, options?: CallOptions) {
    return this.ask(of, 'explain', body, query, options)
  }

  private ask(
    of: Predictor,
    what: 'predict' | 'explain',
    body: PredictionBody,
    query: Query,
    options: CallOptions = {},
  ): Promise<Response> {
    const path =
      'model' in of ? pathOf`/models/${of.model}/${what}` : pathOf`/jobs/${of.job}/${what}`
    return this.caller.request('POST', withQuery(path, query), {
      ...options,
      ...contentOf(body),
      // predictions change nothing
      isRepeatable: true,
    })
  }
}

function contentOf(body: PredictionBody) {
  if (body instanceof FormData) return { body }
  if (!(body instanceof Blob)) return jsonBody({ instances: body })
  return { headers: { 'content-type': body.type || 'application/octet-stream' }, body }
}
