import { type Caller, type CallOptions, pathOf, type Query, withQuery } from './caller.js'
import { inputBody, type PredictInput } from './predict-input.js'

/** What predicts: a model, or the checkpoints of a job. */
export type Predictor = { model: string } | { job: string }

/** Predictions and explanations in any format: docs/predict.md lists bodies, answers and the parameters of a query. */
export class PredictionCalls {
  constructor(private readonly caller: Caller) {}

  /** The query may name the version, or `at` of a job, and the `format` of the answer. */
  predict(of: Predictor, body: PredictInput, query: Query = {}, options?: CallOptions) {
    return this.ask(of, 'predict', body, query, options)
  }

  explain(of: Predictor, body: PredictInput, query: Query = {}, options?: CallOptions) {
    return this.ask(of, 'explain', body, query, options)
  }

  private ask(
    of: Predictor,
    what: 'predict' | 'explain',
    body: PredictInput,
    query: Query,
    options: CallOptions = {},
  ): Promise<Response> {
    const path =
      'model' in of ? pathOf`/models/${of.model}/${what}` : pathOf`/jobs/${of.job}/${what}`
    return this.caller.request('POST', withQuery(path, query), {
      ...options,
      ...inputBody(body),
    })
  }
}
