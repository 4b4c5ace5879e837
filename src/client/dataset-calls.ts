import type { DatasetManifest } from '../spec/dataset.js'
import type { DatasetImport } from '../spec/dataset-import.js'
import type { ContactSheet } from '../spec/dataset-preview.js'
import type { DatasetRequest } from '../spec/dataset-request.js'
import type { DeriveRequest } from '../spec/dataset-steps.js'
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

  /** Which image is in which cell of a contact sheet. */
  sheetCells(id: string, query: Query = {}) {
    return this.caller.json<ContactSheet>(
      'GET',
      withQuery(`/datasets/${id}/contact-sheet/cells`, query),
    )
  }

  /** Makes a data set of another one; see `ImportCalls.begin`. */
  beginDerivation(id: string, request: DeriveRequest, { wait }: { wait: number }) {
    const path = `/datasets/${id}/derive?wait=${wait}`
    return this.caller.json<DatasetManifest | DatasetImport>('POST', path, jsonBody(request))
  }
}

/** What becomes of a request for a data set: the data set, or the import that still makes it. */
export type Making =
  | { dataset: DatasetManifest; created: boolean; running: null }
  | { dataset: null; running: DatasetImport }

export class ImportCalls {
  constructor(private readonly caller: Caller) {}

  list(query: Query = {}) {
    return this.caller.json<Page<DatasetImport>>('GET', withQuery('/imports', query))
  }

  get(id: string) {
    return this.caller.json<DatasetImport>('GET', `/imports/${id}`)
  }

  /**
   * Makes a data set of what the request names. Answers with the data set or, if it is not made within `wait` seconds,
   * with the import that makes it, whose `status` says how far it is.
   */
  begin(request: DatasetRequest, { wait }: { wait: number }) {
    const path = `/imports?wait=${wait}`
    return this.caller.json<DatasetManifest | DatasetImport>('POST', path, jsonBody(request))
  }

  /** As `begin`, or from the files of a form; the answer says whether a data set is new. */
  async make(body: DatasetRequest | FormData, { wait }: { wait: number }): Promise<Making> {
    const init = body instanceof FormData ? { body } : jsonBody(body)
    const answer = await this.caller.request('POST', `/datasets?wait=${wait}`, init)
    if (answer.status === 202) {
      return { dataset: null, running: (await answer.json()) as DatasetImport }
    }
    const dataset = (await answer.json()) as DatasetManifest
    return { dataset, created: answer.status === 201, running: null }
  }

  /** Ends the making of a data set. */
  cancel(id: string) {
    return this.caller.json<DatasetImport>('POST', `/imports/${id}/cancel`)
  }

  /** Removes the record of an import that has ended. */
  async delete(id: string): Promise<void> {
    await this.caller.request('DELETE', `/imports/${id}`)
  }
}
