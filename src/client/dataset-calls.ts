import type { DatasetManifest } from '../spec/dataset.js'
import type { DatasetImport } from '../spec/dataset-import.js'
import type { DatasetDiff, DatasetVersions } from '../spec/dataset-versions.js'
import type { Page } from '../spec/paging.js'
import { type Caller, jsonBody, type Query, withQuery } from './caller.js'

export class DatasetCalls {
  constructor(private readonly caller: Caller) {}

  list(query: Query = {}) {
    return this.caller.json<Page<DatasetManifest>>('GET', withQuery('/datasets', query))
  }

  /** Deletes the data set by its id, or only the name by a name. */
  async delete(id: string): Promise<void> {
    await this.caller.request('DELETE', `/datasets/${id}`)
  }

  /** The data sets that have had a name, newest first. */
  versions(name: string) {
    return this.caller.json<DatasetVersions>('GET', `/datasets/${name}/versions`)
  }

  /** Gives a name to a data set that exists. */
  setName(name: string, dataset: string) {
    const body = jsonBody({ dataset })
    return this.caller.json<DatasetManifest>('PUT', `/datasets/names/${name}`, body)
  }

  diff(one: string, other: string) {
    return this.caller.json<DatasetDiff>('GET', `/datasets/${one}/diff/${other}`)
  }
}

export class ImportCalls {
  constructor(private readonly caller: Caller) {}

  list(query: Query = {}) {
    return this.caller.json<Page<DatasetImport>>('GET', withQuery('/imports', query))
  }

  get(id: string) {
    return this.caller.json<DatasetImport>('GET', `/imports/${id}`)
  }

  /** Removes the record of an import that has ended. */
  async delete(id: string): Promise<void> {
    await this.caller.request('DELETE', `/imports/${id}`)
  }
}
