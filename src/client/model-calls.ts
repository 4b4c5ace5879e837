import type { Static } from 'typebox'
import type { ImageExplanations, RowExplanations } from '../spec/explanation.js'
import type { ModelListQuery, VersionListQuery } from '../spec/list-queries.js'
import type { ModelView, Predictions, RemovedVersions, RowPredictions } from '../spec/model.js'
import type { AnnotationHistory, AnnotationPatch } from '../spec/model-annotation.js'
import type { ModelContract } from '../spec/model-contract.js'
import type { Promotion, PromotionRequest } from '../spec/model-promotion.js'
import type { Traffic, TrafficQuery, TrafficRequest } from '../spec/model-traffic.js'
import type {
  DriftQuery,
  DriftReport,
  RequestSamplePage,
  Watch,
  WatchRequest,
} from '../spec/model-watch.js'
import type { Page } from '../spec/paging.js'
import type { SelectedPredictions } from '../spec/selected-predictions.js'
import {
  type Caller,
  type CallOptions,
  jsonBody,
  pathOf,
  type Query,
  type QueryOf,
  type RequestOptions,
  withQuery,
} from './caller.js'
import { type AllOptions, allItems } from './pages.js'
import { inputBody, type PredictInput } from './predict-input.js'

export type ModelFormat = 'onnx' | 'tfjs' | 'checkpoint' | 'json' | 'ubj'

/** Queries that name one version take `version` or `alias`. */
export class ModelCalls {
  constructor(private readonly caller: Caller) {}

  list(
    query: QueryOf<Static<typeof ModelListQuery>> = {},
    options?: CallOptions,
  ): Promise<Page<ModelView>> {
    return this.caller.json<Page<ModelView>>('GET', withQuery('/models', query), options)
  }

  /** Yields all models that match, page by page. */
  all(
    query: QueryOf<Static<typeof ModelListQuery>> = {},
    options: AllOptions = {},
  ): AsyncGenerator<ModelView> {
    return allItems(this.list.bind(this), query, options)
  }

  get(id: string, query: Query = {}, options?: CallOptions): Promise<ModelView> {
    const path = withQuery(pathOf`/models/${id}`, query)
    return this.caller.json<ModelView>('GET', path, options)
  }

  versions(
    id: string,
    query: QueryOf<Static<typeof VersionListQuery>> = {},
    options?: CallOptions,
  ): Promise<Page<ModelView>> {
    const path = withQuery(pathOf`/models/${id}/versions`, query)
    return this.caller.json<Page<ModelView>>('GET', path, options)
  }

  /** Deletes a model, or of it the `version` of the query. */
  delete(id: string, query: Query = {}, options?: CallOptions): Promise<RemovedVersions> {
    const path = withQuery(pathOf`/models/${id}`, query)
    return this.caller.json<RemovedVersions>('DELETE', path, options)
  }

  /** Changes what is noted of a version: its stage, note and tags. */
  annotate(
    id: string,
    version: number,
    patch: AnnotationPatch,
    options?: CallOptions,
  ): Promise<ModelView> {
    const path = pathOf`/models/${id}/versions/${version}`
    return this.caller.json<ModelView>('PATCH', path, { ...options, ...jsonBody(patch) })
  }

  annotationHistory(
    id: string,
    version: number,
    query: Query = {},
    options?: CallOptions,
  ): Promise<AnnotationHistory> {
    const path = withQuery(pathOf`/models/${id}/versions/${version}/history`, query)
    return this.caller.json<AnnotationHistory>('GET', path, options)
  }

  /** Names, shapes and types of what a version takes and answers. */
  contract(id: string, query: Query = {}, options?: CallOptions): Promise<ModelContract> {
    const path = withQuery(pathOf`/models/${id}/contract`, query)
    return this.caller.json<ModelContract>('GET', path, options)
  }

  /** A version as one tar: a SavedModel, or the trees; read its body as it arrives. */
  download(id: string, query: Query = {}, options?: CallOptions): Promise<Response> {
    const path = withQuery(pathOf`/models/${id}/archive`, query)
    return this.caller.request('GET', path, options)
  }

  /** A version in the format of another library; read its body as it arrives. */
  export(
    id: string,
    format: ModelFormat,
    query: Query = {},
    options?: CallOptions,
  ): Promise<Response> {
    const path = withQuery(pathOf`/models/${id}/export`, { ...query, format })
    return this.caller.request('GET', path, options)
  }

  drift(
    id: string,
    query: QueryOf<Static<typeof DriftQuery>> = {},
    options?: CallOptions,
  ): Promise<DriftReport> {
    const path = withQuery(pathOf`/models/${id}/drift`, query)
    return this.caller.json<DriftReport>('GET', path, options)
  }

  watch(id: string, options?: CallOptions): Promise<Watch> {
    return this.caller.json<Watch>('GET', pathOf`/models/${id}/watch`, options)
  }

  setWatch(id: string, request: WatchRequest, options?: CallOptions): Promise<Watch> {
    const path = pathOf`/models/${id}/watch`
    return this.caller.json<Watch>('PUT', path, { ...options, ...jsonBody(request) })
  }

  /** Requests that were kept, oldest first. */
  requestSamples(id: string, query: Query = {}, options?: CallOptions): Promise<RequestSamplePage> {
    const path = withQuery(pathOf`/models/${id}/samples`, query)
    return this.caller.json<RequestSamplePage>('GET', path, options)
  }

  /** Deletes requests that were kept: all, or those of the `version` of the query. */
  async deleteRequestSamples(
    id: string,
    query: { version?: number | undefined } = {},
    options?: CallOptions,
  ): Promise<void> {
    await this.caller.request('DELETE', withQuery(pathOf`/models/${id}/samples`, query), options)
  }

  traffic(
    id: string,
    query: QueryOf<Static<typeof TrafficQuery>> = {},
    options?: CallOptions,
  ): Promise<Traffic> {
    const path = withQuery(pathOf`/models/${id}/traffic`, query)
    return this.caller.json<Traffic>('GET', path, options)
  }

  /** Replaces how requests of the bare name, or of the alias of the request, are spread. */
  setTraffic(id: string, request: TrafficRequest, options?: CallOptions): Promise<Traffic> {
    const path = pathOf`/models/${id}/traffic`
    return this.caller.json<Traffic>('PUT', path, { ...options, ...jsonBody(request) })
  }

  /** Ends the spreading of requests of the bare name, or of the alias of the query. */
  async deleteTraffic(
    id: string,
    query: QueryOf<Static<typeof TrafficQuery>> = {},
    options?: CallOptions,
  ): Promise<void> {
    await this.caller.request('DELETE', withQuery(pathOf`/models/${id}/traffic`, query), options)
  }

  /** Moves an alias if all conditions of the request hold. */
  promote(id: string, request: PromotionRequest, options?: CallOptions): Promise<Promotion> {
    const path = pathOf`/models/${id}/promote`
    return this.caller.json<Promotion>('POST', path, { ...options, ...jsonBody(request) })
  }

  /** Predicts classes of images: one image file, or instances. The query may name the version. */
  predict(
    id: string,
    images: PredictInput,
    query: Query = {},
    options?: CallOptions,
  ): Promise<Predictions> {
    return this.ask<Predictions>(id, 'predict', query, inputBody(images), options)
  }

  /** Predicts as `predict`, and answers with what `topK` and `outputs` of the query ask for. */
  predictImages(
    id: string,
    images: PredictInput,
    query: Query = {},
    options?: CallOptions,
  ): Promise<SelectedPredictions> {
    return this.ask<SelectedPredictions>(id, 'predict', query, inputBody(images), options)
  }

  /**
   * Predicts from rows: objects by column, or arrays in the order of the columns. The query may name the version and
   * how unknown columns and categories are taken.
   */
  predictRows(
    id: string,
    instances: readonly unknown[],
    query: Query = {},
    options?: CallOptions,
  ): Promise<RowPredictions> {
    return this.ask<RowPredictions>(id, 'predict', query, inputBody(instances), options)
  }

  /** Explains predictions of images: one image file, or instances as `predict` takes them. */
  explainImages(
    id: string,
    images: PredictInput,
    query: Query = {},
    options?: CallOptions,
  ): Promise<ImageExplanations> {
    return this.ask<ImageExplanations>(id, 'explain', query, inputBody(images), options)
  }

  /** Explains predictions of rows. */
  explainRows(
    id: string,
    instances: readonly unknown[],
    query: Query = {},
    options?: CallOptions,
  ): Promise<RowExplanations> {
    return this.ask<RowExplanations>(id, 'explain', query, inputBody(instances), options)
  }

  /** The explanation of an image as a PNG. */
  async explanationPicture(
    id: string,
    image: PredictInput,
    format: 'heatMap' | 'overlay',
    query: Record<string, string> = {},
    options?: CallOptions,
  ): Promise<Blob> {
    const path = withQuery(pathOf`/models/${id}/explain`, { ...query, format })
    const body = inputBody(image)
    return (await this.caller.request('POST', path, { ...options, ...body })).blob()
  }

  private ask<T>(
    id: string,
    what: 'predict' | 'explain',
    query: Query,
    body: RequestOptions,
    options?: CallOptions,
  ): Promise<T> {
    const path = withQuery(pathOf`/models/${id}/${what}`, query)
    return this.caller.json<T>('POST', path, { ...options, ...body })
  }
}
