import type { DatasetManifest } from '../spec/dataset.js'
import type { DatasetImport } from '../spec/dataset-import.js'
import type { DatasetRequest } from '../spec/dataset-request.js'
import type { Page } from '../spec/paging.js'
import { type Caller, type CallOptions, jsonBody, pathOf, type Query, withQuery } from './caller.js'
import { ProblemError } from './errors.js'
import { type FollowOptions, followEvents } from './events.js'

export interface MakingOptions extends CallOptions, Pick<FollowOptions, 'onLost' | 'onBack'> {
  /** Called with each state and progress of an import that takes long. */
  onProgress?: ((progress: DatasetImport) => void) | undefined
}

/** How long a request waits for a data set before it answers with the import: most are made sooner. */
export const secondsToMake = 2

/** What becomes of a request for a data set: the data set, or the import that still makes it. */
export type Making =
  | { dataset: DatasetManifest; created: boolean; running: null }
  | { dataset: null; running: DatasetImport }

export class ImportCalls {
  constructor(private readonly caller: Caller) {}

  list(query: Query = {}, options?: CallOptions): Promise<Page<DatasetImport>> {
    return this.caller.json<Page<DatasetImport>>('GET', withQuery('/imports', query), options)
  }

  get(id: string, options?: CallOptions): Promise<DatasetImport> {
    return this.caller.json<DatasetImport>('GET', pathOf`/imports/${id}`, options)
  }

  /**
   * Makes a data set of what the request names. Answers with the data set or, if it is not made within `wait` seconds,
   * with the import that makes it, whose `status` says how far it is.
   */
  begin(
    request: DatasetRequest,
    { wait, ...options }: { wait: number } & CallOptions,
  ): Promise<DatasetManifest | DatasetImport> {
    return this.caller.json<DatasetManifest | DatasetImport>(
      'POST',
      withQuery('/imports', { wait }),
      // the same content is the same data set
      { ...options, ...jsonBody(request), isRepeatable: true },
    )
  }

  /** As `begin`, or from the files of a form; the answer says whether a data set is new. */
  async make(
    body: DatasetRequest | FormData,
    { wait, ...options }: { wait: number } & CallOptions,
  ): Promise<Making> {
    const init = body instanceof FormData ? { body } : jsonBody(body)
    const path = withQuery('/datasets', { wait })
    const answer = await this.caller.request('POST', path, { ...options, ...init })
    if (answer.status === 202) {
      return { dataset: null, running: (await answer.json()) as DatasetImport }
    }
    const dataset = (await answer.json()) as DatasetManifest
    return { dataset, created: answer.status === 201, running: null }
  }

  /** Ends the making of a data set, and removes its files. */
  cancel(id: string, options?: CallOptions): Promise<DatasetImport> {
    return this.caller.json<DatasetImport>('POST', pathOf`/imports/${id}/cancel`, options)
  }

  /** Removes the record of an import that has ended. */
  async delete(id: string, options?: CallOptions): Promise<void> {
    await this.caller.request('DELETE', pathOf`/imports/${id}`, options)
  }

  /** Yields an import and each of its changes, at most four a second, until it has ended. */
  async *follow(id: string, options: FollowOptions = {}): AsyncGenerator<DatasetImport> {
    const path = pathOf`/imports/${id}/events`
    const isLast = ({ data }: { data: string }) =>
      (JSON.parse(data) as DatasetImport).finishedAt !== null
    for await (const { data } of followEvents(this.caller, path, options, { isLast }))
      yield JSON.parse(data) as DatasetImport
  }

  /** Waits until an import has ended, and returns it: look at its `status`. */
  async wait(
    id: string,
    { onProgress, ...options }: FollowOptions & Pick<MakingOptions, 'onProgress'> = {},
  ): Promise<DatasetImport> {
    let latest: DatasetImport | undefined
    for await (latest of this.follow(id, options)) onProgress?.(latest)
    return latest!
  }

  /**
   * The data set that `begin` makes, which may be there at once. Begins again if the server was restarted meanwhile.
   * Throws the problem if the data set cannot be made.
   */
  async finish(
    begin: () => Promise<DatasetManifest | DatasetImport>,
    { onProgress, signal, onLost, onBack }: MakingOptions = {},
  ): Promise<DatasetManifest> {
    for (;;) {
      const begun = await begin()
      if (!('status' in begun)) return begun
      onProgress?.(begun)
      const options = { signal, onLost, onBack, onProgress }
      const end = begun.finishedAt === null ? await this.wait(begun.id, options) : begun
      if (end.status === 'interrupted') continue
      if (end.problem) throw new ProblemError(end.problem)
      const id = end.name ?? end.dataset!
      return this.caller.json<DatasetManifest>('GET', pathOf`/datasets/${id}`, { signal })
    }
  }
}
