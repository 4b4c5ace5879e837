import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatasetManifest } from '../spec/dataset.js'
import { assertRoom } from '../store/disk-room.js'
import type { Store } from '../store/store.js'
import type { ReportProgress } from './conversion-input.js'
import type { ConversionQueue } from './conversion-queue.js'
import { displayName } from './display-name.js'
import { fileError } from './errors.js'
import { type UploadForm, validateForm } from './form.js'
import type { ValidatedForm } from './form-fields.js'
import type { DatasetLimits } from './limits.js'
import { runConversion } from './run-conversion.js'
import type { SourceFile } from './source-file.js'
import { isCompressed, spoolToDisk, type UploadUsage } from './spool.js'
import { readStored } from './stored-file.js'

/** Commits converted content. `created` is false if the same content exists already. */
export type PublishDataset = (
  staged: string,
  manifest: DatasetManifest,
  name: string | null,
) => Promise<UploadResult>

export interface UploadResult {
  dataset: DatasetManifest
  created: boolean
}

/** Who follows an upload, and may end it. */
export interface UploadControl {
  /** Ends the upload: its reason is thrown, and all its files are removed. */
  signal?: AbortSignal
  onReceived?: (bytes: number) => void
  onConversion?: (phase: 'waiting' | 'converting') => void
  onProgress?: ReportProgress
  /** Called with what the process that converts warns of. */
  onWarning?: (message: string) => void
}

/** One upload of a data set. If a step fails, its files are removed and the upload ends. */
export class DatasetUpload {
  private readonly files: SourceFile[] = []
  private readonly usage: UploadUsage = { receivedBytes: 0, inflatedBytes: 0 }
  private isOpen = true

  constructor(
    private readonly store: Store,
    private readonly folder: string,
    private readonly limits: DatasetLimits,
    private readonly conversions: ConversionQueue,
    private readonly publish: PublishDataset,
    private readonly control: UploadControl,
  ) {}

  /** Throws STORAGE_FULL if the disk has no room for files of this size and what is made of them. */
  async expect(bytes: number): Promise<void> {
    await this.orAbort(() => assertRoom(this.folder, 2 * bytes, 'the data set'))
  }

  /** `name` is a client's; with `isPath`, it is a path below a folder of files, and stays one. */
  async addFile(
    name: string,
    content: AsyncIterable<Uint8Array>,
    { isPath = false } = {},
  ): Promise<void> {
    this.assertOpen()
    const shownName = isPath ? name : displayName(name)
    const path = join(this.folder, String(this.files.length))
    const file = { name: shownName, path, clientPath: name }
    this.files.push(file)
    await this.orAbort(async () => {
      this.assertFileCount(this.limits.files, file.name)
      await this.spool(file, content)
    })
  }

  /** Adds a file of the server's disk, which is read where it is; a compressed one is inflated first. */
  async addStoredFile(file: SourceFile): Promise<void> {
    this.assertOpen()
    await this.orAbort(async () => {
      this.assertFileCount(this.limits.folderFiles - 1, file.name)
      if (!(await isCompressed(file))) {
        this.files.push(file)
        return
      }
      const inflated = { name: file.name, path: join(this.folder, String(this.files.length)) }
      this.files.push(inflated)
      await this.spool(inflated, readStored(file))
    })
  }

  /** Checks, converts and commits the files. `created` is false if the same content exists already. */
  async commit(form: UploadForm): Promise<UploadResult> {
    this.assertOpen()
    try {
      const checked = validateForm(form)
      if (this.files.length === 0) {
        throw fileError('DATASET_EMPTY', { file: 'upload' }, 'there are no files in it')
      }
      return await this.convert(checked)
    } finally {
      await this.abort()
    }
  }

  async abort(): Promise<void> {
    this.isOpen = false
    await this.store.discard(this.folder)
  }

  private async spool({ name, path }: SourceFile, content: AsyncIterable<Uint8Array>) {
    const { usage, limits, control } = this
    await spoolToDisk(name, content, path, usage, limits, control)
  }

  private assertFileCount(max: number, name: string): void {
    if (this.files.length <= max) return
    const detail = `the upload has more than ${max} files`
    throw fileError('DATASET_TOO_LARGE', { file: name }, detail)
  }

  private async convert(form: ValidatedForm) {
    const { files, limits, control, conversions } = this
    const folder = await this.store.stage()
    try {
      const task = { files, form, folder, scratch: this.folder, limits }
      control.onConversion?.('waiting')
      const content = await conversions.run(async () => {
        control.onConversion?.('converting')
        await assertRoom(folder, await this.bytesOfFiles(), 'the conversion')
        return runConversion(task, control)
      }, control.signal)
      const createdAt = new Date().toISOString()
      const manifest = { ...content, name: form.name ?? content.id, createdAt }
      return await this.publish(folder, manifest, form.name)
    } catch (error) {
      await this.store.discard(folder)
      throw error
    }
  }

  private async bytesOfFiles(): Promise<number> {
    let bytes = 0
    for (const { path, identity } of this.files) bytes += identity?.size ?? (await stat(path)).size
    return bytes
  }

  private async orAbort<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      await this.abort()
      throw error
    }
  }

  private assertOpen(): void {
    if (!this.isOpen) throw new Error('the upload has ended')
  }
}
