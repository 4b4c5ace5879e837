import type { Static } from 'typebox'
import type { WeightsListQuery } from '../spec/list-queries.js'
import type { Page } from '../spec/paging.js'
import type { WeightsManifest, WeightsSummary } from '../spec/weights.js'
import { type Caller, type CallOptions, pathOf, type QueryOf, withQuery } from './caller.js'
import { type AllOptions, allItems } from './pages.js'

export interface WeightsUploadOptions extends CallOptions {
  /** How the images that the weights learnt from were normalized: caffe, inception, torchvision, or mean and std as JSON. */
  normalize?: string
}

/** TensorFlow checkpoints from which jobs can start. */
export class WeightsCalls {
  constructor(private readonly caller: Caller) {}

  /** Sends the .index file and all .data files of a checkpoint, or the single file of the V1 format. */
  upload(
    name: string,
    files: readonly { name: string; content: Blob }[],
    { normalize, ...options }: WeightsUploadOptions = {},
  ): Promise<WeightsManifest> {
    const form = new FormData()
    form.set('name', name)
    if (normalize !== undefined) form.set('normalize', normalize)
    for (const file of files) form.append('files', file.content, file.name)
    return this.caller.json<WeightsManifest>('POST', '/weights', { ...options, body: form })
  }

  get(id: string, options?: CallOptions): Promise<WeightsManifest> {
    return this.caller.json<WeightsManifest>('GET', pathOf`/weights/${id}`, options)
  }

  list(
    query: QueryOf<Static<typeof WeightsListQuery>> = {},
    options?: CallOptions,
  ): Promise<Page<WeightsSummary>> {
    return this.caller.json<Page<WeightsSummary>>('GET', withQuery('/weights', query), options)
  }

  /** Yields all weights that match, page by page. */
  all(
    query: QueryOf<Static<typeof WeightsListQuery>> = {},
    options: AllOptions = {},
  ): AsyncGenerator<WeightsSummary> {
    return allItems(this.list.bind(this), query, options)
  }

  /** Deletes the weights by their id, or only the name by a name. */
  async delete(id: string, options?: CallOptions): Promise<void> {
    await this.caller.request('DELETE', pathOf`/weights/${id}`, options)
  }
}
