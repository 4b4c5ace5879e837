import type { Static } from 'typebox'
import type { DatasetManifest } from '../spec/dataset.js'
import type { DatasetImport } from '../spec/dataset-import.js'
import type {
  ColumnHistogram,
  ContactSheet,
  HistogramPage,
  SamplePage,
} from '../spec/dataset-preview.js'
import type { DatasetRequest } from '../spec/dataset-request.js'
import type { DeriveRequest } from '../spec/dataset-steps.js'
import type { DatasetDiff, DatasetVersions } from '../spec/dataset-versions.js'
import type { DatasetListQuery } from '../spec/list-queries.js'
import type { Page } from '../spec/paging.js'
import {
  type Caller,
  type CallOptions,
  jsonBody,
  pathOf,
  type Query,
  type QueryOf,
  withQuery,
} from './caller.js'
import { blobOf, contentOf, type UploadFile } from './content.js'
import { type ImportCalls, type MakingOptions, secondsToMake } from './import-calls.js'
import { type AllOptions, allItems } from './pages.js'
import type { UploadCalls } from './upload-calls.js'

export type DatasetFormat = 'tfrecord' | 'folders' | 'csv' | 'parquet' | 'arrow'

/** How the files are read, such as `target`, and how the call goes. */
export interface PushOptions
  extends Omit<DatasetRequest, 'source' | 'sources' | 'name'>,
    MakingOptions {
  /** How many bytes of large files have arrived. */
  onSent?: ((sent: { bytes: number; total: number }) => void) | undefined
}

/** Less than this is one request: to send it again costs less than to ask what has arrived. */
const mostFormBytes = 4 * 2 ** 20
/** The most that a form takes. */
const mostFormFiles = 100

export class DatasetCalls {
  constructor(
    private readonly caller: Caller,
    private readonly imports: ImportCalls,
    private readonly uploads: UploadCalls,
  ) {}

  /**
   * Sends files, and waits until the server has made a data set of them, however long it takes. Large files are sent
   * in parts that go on after a lost connection. In Node, `openFile` and `openFolder` of `trainyard/client/node` read
   * the files of the machine.
   */
  async push(
    name: string,
    files: readonly UploadFile[],
    options: PushOptions = {},
  ): Promise<DatasetManifest> {
    const { onSent, onProgress, onLost, onBack, signal, timeoutMs, retryForMs, ...settings } =
      options
    const making = { onProgress, onLost, onBack, signal, timeoutMs, retryForMs }
    const contents = files.map(contentOf)
    const total = contents.reduce((sum, { bytes }) => sum + bytes, 0)
    if (total <= mostFormBytes && files.length <= mostFormFiles) {
      const form = await formOf({ name, ...settings }, files)
      return this.imports.finish(() => this.send(form, making), making)
    }
    const uploads: string[] = []
    let before = 0
    for (const content of contents) {
      const upload = await this.uploads.send(content, {
        ...{ signal, onLost, onBack },
        onSent: bytes => onSent?.({ bytes: before + bytes, total }),
      })
      uploads.push(upload)
      before += content.bytes
    }
    return this.create({ name, ...settings, source: { kind: 'upload', uploads } }, making)
  }

  private send(form: FormData, { signal, timeoutMs, retryForMs }: CallOptions) {
    const path = withQuery('/datasets', { wait: secondsToMake })
    return this.caller.json<DatasetManifest | DatasetImport>('POST', path, {
      ...{ signal, timeoutMs, retryForMs },
      body: form,
      // the same content is the same data set
      isRepeatable: true,
    })
  }

  /** Makes a data set of what the request names, and waits until it is made. */
  create(request: DatasetRequest, options: MakingOptions = {}): Promise<DatasetManifest> {
    const { signal, timeoutMs, retryForMs } = options
    const call = { wait: secondsToMake, signal, timeoutMs, retryForMs }
    return this.imports.finish(() => this.imports.begin(request, call), options)
  }

  /** Makes a data set of another one, and waits until it is made. */
  derive(
    id: string,
    request: DeriveRequest,
    options: MakingOptions = {},
  ): Promise<DatasetManifest> {
    const { signal, timeoutMs, retryForMs } = options
    const call = { wait: secondsToMake, signal, timeoutMs, retryForMs }
    return this.imports.finish(() => this.beginDerivation(id, request, call), options)
  }

  /** Makes a data set of another one; see `ImportCalls.begin`. */
  beginDerivation(
    id: string,
    request: DeriveRequest,
    { wait, ...options }: { wait: number } & CallOptions,
  ): Promise<DatasetManifest | DatasetImport> {
    const path = withQuery(pathOf`/datasets/${id}/derive`, { wait })
    return this.caller.json<DatasetManifest | DatasetImport>('POST', path, {
      ...options,
      ...jsonBody(request),
      // the same content is the same data set
      isRepeatable: true,
    })
  }

  get(id: string, options?: CallOptions): Promise<DatasetManifest> {
    return this.caller.json<DatasetManifest>('GET', pathOf`/datasets/${id}`, options)
  }

  list(
    query: QueryOf<Static<typeof DatasetListQuery>> = {},
    options?: CallOptions,
  ): Promise<Page<DatasetManifest>> {
    return this.caller.json<Page<DatasetManifest>>('GET', withQuery('/datasets', query), options)
  }

  /** Yields all data sets that match, page by page. */
  all(
    query: QueryOf<Static<typeof DatasetListQuery>> = {},
    options: AllOptions = {},
  ): AsyncGenerator<DatasetManifest> {
    return allItems(this.list.bind(this), query, options)
  }

  /** Deletes the data set by its id, or only the name by a name. */
  async delete(id: string, options?: CallOptions): Promise<void> {
    await this.caller.request('DELETE', pathOf`/datasets/${id}`, options)
  }

  /** The data sets that have had a name, newest first. */
  versions(name: string, options?: CallOptions): Promise<DatasetVersions> {
    return this.caller.json<DatasetVersions>('GET', pathOf`/datasets/${name}/versions`, options)
  }

  /** Gives a name to a data set that exists. */
  setName(name: string, dataset: string, options?: CallOptions): Promise<DatasetManifest> {
    const path = pathOf`/datasets/names/${name}`
    return this.caller.json<DatasetManifest>('PUT', path, { ...options, ...jsonBody({ dataset }) })
  }

  diff(one: string, other: string, options?: CallOptions): Promise<DatasetDiff> {
    return this.caller.json<DatasetDiff>('GET', pathOf`/datasets/${one}/diff/${other}`, options)
  }

  /** A page of the images or rows of a data set. */
  samples(id: string, query: Query = {}, options?: CallOptions): Promise<SamplePage> {
    const path = withQuery(pathOf`/datasets/${id}/samples`, query)
    return this.caller.json<SamplePage>('GET', path, options)
  }

  /** How the values of the columns of a table are spread. */
  histograms(id: string, query: Query = {}, options?: CallOptions): Promise<HistogramPage> {
    const path = withQuery(pathOf`/datasets/${id}/histograms`, query)
    return this.caller.json<HistogramPage>('GET', path, options)
  }

  /** How the values of one column of a table are spread. */
  histogram(
    id: string,
    column: string,
    query: { bins?: number } = {},
    options?: CallOptions,
  ): Promise<ColumnHistogram> {
    const path = withQuery(pathOf`/datasets/${id}/columns/${column}/histogram`, query)
    return this.caller.json<ColumnHistogram>('GET', path, options)
  }

  /** Many images of a data set as one PNG, and which image is in which cell. */
  async contactSheet(
    id: string,
    query: Query = {},
    options?: CallOptions,
  ): Promise<{ image: Blob; map: ContactSheet }> {
    const [image, map] = await Promise.all([
      this.caller.request('GET', withQuery(pathOf`/datasets/${id}/contact-sheet`, query), options),
      this.sheetCells(id, query, options),
    ])
    return { image: await image.blob(), map }
  }

  /** Which image is in which cell of a contact sheet. */
  sheetCells(id: string, query: Query = {}, options?: CallOptions): Promise<ContactSheet> {
    const path = withQuery(pathOf`/datasets/${id}/contact-sheet/cells`, query)
    return this.caller.json<ContactSheet>('GET', path, options)
  }

  /** The image at a place of a data set, as it is stored or as a PNG. */
  async image(
    id: string,
    index: number,
    { asPng = false, ...options }: { asPng?: boolean } & CallOptions = {},
  ): Promise<Blob> {
    const path = pathOf`/datasets/${id}/images/${index}`
    const query = asPng ? { format: 'png' } : {}
    return (await this.caller.request('GET', withQuery(path, query), options)).blob()
  }

  /** A data set as one file; read its body as it arrives. */
  download(id: string, format: DatasetFormat, options?: CallOptions): Promise<Response> {
    const path = withQuery(pathOf`/datasets/${id}/archive`, { format })
    return this.caller.request('GET', path, options)
  }
}

async function formOf(settings: object, files: readonly UploadFile[]): Promise<FormData> {
  const form = new FormData()
  for (const [name, value] of Object.entries(settings))
    if (value !== undefined)
      form.set(name, typeof value === 'string' ? value : JSON.stringify(value))
  for (const file of files) form.append('files', await blobOf(file), file.name)
  return form
}
