import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import pLimit, { type LimitFunction } from 'p-limit'
import { TrainyardError } from '../../errors.js'
import type { DatasetSource } from '../../spec/dataset-request.js'
import type { DatasetLimits } from '../limits.js'
import type { DatasetUpload } from '../upload.js'
import { type DownloadTiming, download } from './download.js'
import { sourceChecksum, sourceFailed } from './errors.js'
import { assertBucketAllowed, type FetchRules, parseSourceUrl } from './fetch-rules.js'
import type { S3Bucket, S3Settings } from './s3-objects.js'
import { listServerFiles } from './server-folder.js'
import type { UploadFolder } from './upload-folder.js'

export interface SourceSettings {
  /** Folders of the server's disk that clients may name: TRAINYARD_DATA_ROOTS. */
  roots: readonly string[]
  rules: FetchRules
  s3: S3Settings
  timing?: Partial<DownloadTiming>
}

/** Who follows the fetching of files. */
export interface FetchControl {
  signal: AbortSignal
  /** How many bytes all files together will have, as far as it is known; null if not. */
  onExpected(bytes: number | null): void
}

type SourceOf<Kind extends DatasetSource['kind']> = Extract<DatasetSource, { kind: Kind }>

/** Where files of data sets come from, beside the body of a request. */
export class Sources {
  private readonly limitFetches: LimitFunction

  constructor(
    private readonly settings: SourceSettings,
    readonly uploads: UploadFolder,
    private readonly limits: DatasetLimits,
  ) {
    this.limitFetches = pLimit(limits.fetches)
  }

  /** Throws what can be known before anything is read: SOURCE_REFUSED, UPLOAD_NOT_FOUND and so on. */
  async check(sources: readonly DatasetSource[]): Promise<void> {
    const { pendingCount } = this.limitFetches
    if (pendingCount >= this.limits.waitingFetches)
      throw new TrainyardError('UPLOAD_BUSY', `${pendingCount} fetches wait already; try again`)
    for (const source of sources) {
      if (source.kind === 'url') parseSourceUrl(source.url)
      if (source.kind === 's3')
        assertBucketAllowed(parseS3Url(source.url).bucket, this.settings.rules)
      if (source.kind === 'upload') for (const id of source.uploads) await this.uploads.get(id)
    }
  }

  /** Adds the files of all sources to an upload, in their order. */
  async gather(
    sources: readonly DatasetSource[],
    upload: DatasetUpload,
    control: FetchControl,
  ): Promise<void> {
    await this.limitFetches(async () => {
      for (const source of sources) {
        control.signal.throwIfAborted()
        await this.add(source, upload, control)
      }
    })
  }

  /** Removes the uploads that a data set was made of. */
  async removeUsed(sources: readonly DatasetSource[]): Promise<void> {
    for (const source of sources) {
      if (source.kind === 'upload') for (const id of source.uploads) await this.uploads.remove(id)
    }
  }

  private async add(source: DatasetSource, upload: DatasetUpload, control: FetchControl) {
    if (source.kind === 'upload') await this.addUploads(source, upload)
    else if (source.kind === 'folder') await this.addFolder(source, upload)
    else if (source.kind === 'url') await this.addUrl(source, upload, control)
    else await this.addObjects(source, upload, control)
  }

  private async addUploads({ uploads }: SourceOf<'upload'>, upload: DatasetUpload) {
    for (const id of uploads) await upload.addStoredFile(await this.uploads.get(id))
  }

  private async addFolder({ path }: SourceOf<'folder'>, upload: DatasetUpload) {
    const files = await listServerFiles(path, this.settings.roots, this.limits)
    for (const file of files) await upload.addStoredFile(file)
  }

  private async addUrl(
    { url: text, sha256 }: SourceOf<'url'>,
    upload: DatasetUpload,
    { signal, onExpected }: FetchControl,
  ) {
    const url = parseSourceUrl(text)
    const { rules, timing } = this.settings
    const name = fileNameOf(url)
    const content = download(url, {
      rules,
      signal,
      maxBytes: this.limits.uploadBytes,
      onLength: async bytes => {
        onExpected(bytes)
        if (bytes !== null) await upload.expect(bytes)
      },
      ...(timing && { timing }),
    })
    await upload.addFile(name, sha256 ? verified(content, sha256.toLowerCase(), name) : content)
  }

  private async addObjects(
    { url }: SourceOf<'s3'>,
    upload: DatasetUpload,
    { signal, onExpected }: FetchControl,
  ) {
    const { bucket, key } = parseS3Url(url)
    assertBucketAllowed(bucket, this.settings.rules)
    const { S3Bucket } = await import('./s3-objects.js')
    const objects = new S3Bucket(bucket, this.settings.s3, signal)
    try {
      const found = await this.findObjects(objects, key)
      if (found.length === 0) throw sourceFailed(`there is nothing at s3://${bucket}/${key}`)
      const bytes = found.reduce((sum, object) => sum + object.bytes, 0)
      if (bytes > this.limits.uploadBytes) {
        const message = `the objects have ${bytes} bytes, and an upload has at most ${this.limits.uploadBytes}`
        throw new TrainyardError('DATASET_TOO_LARGE', message)
      }
      onExpected(bytes)
      await upload.expect(bytes)
      for (const object of found) {
        const name = nameWithin(object.key, key)
        await upload.addFile(name, objects.read(object), { isPath: true })
      }
    } finally {
      objects.close()
    }
  }

  /** The object of a key, or all below a prefix. */
  private async findObjects(objects: S3Bucket, key: string) {
    const object = key.endsWith('/') ? null : await objects.find(key)
    if (object) return [object]
    const found = []
    for await (const each of objects.list(key)) {
      if (found.length === this.limits.files) {
        const message = `the prefix has more than ${this.limits.files} objects`
        throw new TrainyardError('DATASET_TOO_LARGE', message)
      }
      found.push(each)
    }
    return found
  }
}

/** What a record may say of a source: no query, which may be a signature. */
export function describeSource(source: DatasetSource): string {
  if (source.kind === 'upload') return `${source.uploads.length} resumable uploads`
  if (source.kind === 'folder') return `folder ${source.path}`
  if (source.kind === 's3') return source.url
  if (!URL.canParse(source.url)) return 'url'
  const { protocol, host, pathname } = new URL(source.url)
  return `${protocol}//${host}${pathname}`
}

function parseS3Url(text: string): { bucket: string; key: string } {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(text) ?? []
  return { bucket, key }
}

/** The key below the last folder of the prefix. */
const nameWithin = (key: string, prefix: string) =>
  key === prefix ? basename(key) : key.slice(prefix.lastIndexOf('/') + 1)

function fileNameOf(url: URL): string {
  const last = url.pathname.split('/').at(-1) ?? ''
  try {
    return decodeURIComponent(last) || url.hostname
  } catch {
    return last
  }
}

/** The same bytes; throws SOURCE_CHECKSUM at their end if they are others than expected. */
async function* verified(
  content: AsyncIterable<Uint8Array>,
  expected: string,
  name: string,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  for await (const chunk of content) {
    hash.update(chunk)
    yield chunk
  }
  const found = hash.digest('hex')
  if (found !== expected) throw sourceChecksum(name, expected, found)
}
