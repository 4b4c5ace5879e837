import type { ImageExplanations, RowExplanations } from '../spec/explanation.js'
import type { ModelView, RemovedVersions, RowPredictions } from '../spec/model.js'
import type {
  AliasHistory,
  AliasRequest,
  ModelAlias,
  ModelAliases,
  RollbackRequest,
} from '../spec/model-alias.js'
import type { AnnotationHistory, AnnotationPatch } from '../spec/model-annotation.js'
import type { ModelContract } from '../spec/model-contract.js'
import type { Promotion, PromotionRequest } from '../spec/model-promotion.js'
import type { Traffic, TrafficRequest } from '../spec/model-traffic.js'
import type { DriftReport, RequestSamplePage, Watch, WatchRequest } from '../spec/model-watch.js'
import type { Page } from '../spec/paging.js'
import type { SelectedPredictions } from '../spec/selected-predictions.js'
import { type Caller, jsonBody, type Query, withQuery } from './caller.js'

/** Queries that name one version take `version` or `alias`. */
export class ModelCalls {
  constructor(private readonly caller: Caller) {}

  list(query: Query = {}) {
    return this.caller.json<Page<ModelView>>('GET', withQuery('/models', query))
  }

  get(id: string, query: Query = {}) {
    return this.caller.json<ModelView>('GET', withQuery(`/models/${id}`, query))
  }

  versions(id: string, query: Query = {}) {
    return this.caller.json<Page<ModelView>>('GET', withQuery(`/models/${id}/versions`, query))
  }

  /** Deletes a model, or of it the `version` of the query. */
  delete(id: string, query: Query = {}) {
    return this.caller.json<RemovedVersions>('DELETE', withQuery(`/models/${id}`, query))
  }

  /** Changes what is noted of a version: its stage, note and tags. */
  annotate(id: string, version: number, patch: AnnotationPatch) {
    const path = `/models/${id}/versions/${version}`
    return this.caller.json<ModelView>('PATCH', path, jsonBody(patch))
  }

  annotationHistory(id: string, version: number, query: Query = {}) {
    const path = `/models/${id}/versions/${version}/history`
    return this.caller.json<AnnotationHistory>('GET', withQuery(path, query))
  }

  /** Names, shapes and types of what a version takes and answers. */
  contract(id: string, query: Query = {}) {
    return this.caller.json<ModelContract>('GET', withQuery(`/models/${id}/contract`, query))
  }

  drift(id: string, query: Query = {}) {
    return this.caller.json<DriftReport>('GET', withQuery(`/models/${id}/drift`, query))
  }

  watch(id: string) {
    return this.caller.json<Watch>('GET', `/models/${id}/watch`)
  }

  setWatch(id: string, request: WatchRequest) {
    return this.caller.json<Watch>('PUT', `/models/${id}/watch`, jsonBody(request))
  }

  /** Requests that were kept, oldest first. */
  requestSamples(id: string, query: Query = {}) {
    return this.caller.json<RequestSamplePage>('GET', withQuery(`/models/${id}/samples`, query))
  }

  traffic(id: string, query: Query = {}) {
    return this.caller.json<Traffic>('GET', withQuery(`/models/${id}/traffic`, query))
  }

  /** Replaces how requests of the bare name, or of the alias of the request, are spread. */
  setTraffic(id: string, request: TrafficRequest) {
    return this.caller.json<Traffic>('PUT', `/models/${id}/traffic`, jsonBody(request))
  }

  /** Predicts classes of images: one image file, or instances. The query may name the version, `topK` and more. */
  predictImages(id: string, images: Blob | unknown[], query: Query = {}) {
    const path = withQuery(`/models/${id}/predict`, query)
    return this.caller.json<SelectedPredictions>('POST', path, inputBody(images))
  }

  /** Predicts from rows. The query may name the version and how unknown columns and categories are taken. */
  predictRows(id: string, instances: unknown[], query: Query = {}) {
    const path = withQuery(`/models/${id}/predict`, query)
    return this.caller.json<RowPredictions>('POST', path, jsonBody({ instances }))
  }

  /** Moves an alias if all conditions of the request hold. */
  promote(id: string, request: PromotionRequest) {
    return this.caller.json<Promotion>('POST', `/models/${id}/promote`, jsonBody(request))
  }

  /** Explains predictions of images: one image file, or instances as `predict` takes them. */
  explainImages(id: string, images: Blob | unknown[], query: Query = {}) {
    return explain<ImageExplanations>(this.caller, id, images, query)
  }

  /** Explains predictions of rows. */
  explainRows(id: string, instances: unknown[], query: Query = {}) {
    return explain<RowExplanations>(this.caller, id, instances, query)
  }

  /** The explanation of an image as a PNG. */
  explanationPicture(
    id: string,
    image: Blob | unknown[],
    format: 'heatMap' | 'overlay',
    query: Record<string, string> = {},
  ) {
    return explanationPicture(this.caller, id, image, { ...query, format })
  }
}

export class AliasCalls {
  constructor(private readonly caller: Caller) {}

  list(model: string) {
    return this.caller.json<ModelAliases>('GET', `/models/${model}/aliases`)
  }

  get(model: string, alias: string, query: Query = {}) {
    return this.caller.json<ModelAlias>('GET', withQuery(aliasPath(model, alias), query))
  }

  put(model: string, alias: string, request: AliasRequest) {
    return this.caller.json<ModelAlias>('PUT', aliasPath(model, alias), jsonBody(request))
  }

  async delete(model: string, alias: string, query: Query = {}): Promise<void> {
    await this.caller.request('DELETE', withQuery(aliasPath(model, alias), query))
  }

  /** Names the version again that the alias named before. */
  rollBack(model: string, alias: string, request: RollbackRequest = {}) {
    const path = `${aliasPath(model, alias)}/rollback`
    return this.caller.json<ModelAlias>('POST', path, jsonBody(request))
  }

  history(model: string, alias: string, query: Query = {}) {
    const path = `${aliasPath(model, alias)}/history`
    return this.caller.json<AliasHistory>('GET', withQuery(path, query))
  }
}

const aliasPath = (model: string, alias: string) => `/models/${model}/aliases/${alias}`

async function explain<T>(
  caller: Caller,
  model: string,
  input: Blob | unknown[],
  query: Query,
): Promise<T> {
  return caller.json<T>('POST', withQuery(`/models/${model}/explain`, query), inputBody(input))
}

async function explanationPicture(
  caller: Caller,
  model: string,
  input: Blob | unknown[],
  query: Query,
): Promise<Blob> {
  const answer = await caller.request(
    'POST',
    withQuery(`/models/${model}/explain`, query),
    inputBody(input),
  )
  return answer.blob()
}

const inputBody = (input: Blob | unknown[]) =>
  input instanceof Blob
    ? { headers: { 'content-type': input.type || 'application/octet-stream' }, body: input }
    : jsonBody({ instances: input })
