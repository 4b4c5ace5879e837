import { basename, join } from 'node:path'
import type { LimitFunction } from 'p-limit'
import type { DatasetManifest } from '../spec/dataset.js'
import type { Store } from '../store/store.js'
import { fileError, tooManyUploads } from './errors.js'
import { type UploadForm, validateForm } from './form.js'
import type { ValidatedForm } from './form-fields.js'
import type { DatasetLimits } from './limits.js'
import { runConversion } from './run-conversion.js'
import { spoolToDisk, type UploadUsage } from './spool.js'

/** Commits converted content. `created` is false if the same content exists already. */
export type PublishDataset = (
  staged: string,
  manifest: DatasetManifest,
  name: string | null,
) => Promise<{ dataset: DatasetManifest; created: boolean }>

/** One upload of a data set. If a step fails, its files are removed and the upload ends. */
export class DatasetUpload {
  private readonly files: { name: string; path: string }[] = []
  private readonly usage: UploadUsage = { receivedBytes: 0, inflatedBytes: 0 }
  private isOpen = true

  constructor(
    private readonly store: Store,
    private readonly folder: string,
    private readonly limits: DatasetLimits,
    /** Limits concurrent conversions, since each takes a core and some memory. */
    private readonly limitConversions: LimitFunction,
    private readonly publish: PublishDataset,
  ) {}

  async addFile(name: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    this.assertOpen()
    const file = { name: displayName(name), path: join(this.folder, String(this.files.length)) }
    this.files.push(file)
    try {
      if (this.files.length > this.limits.files) {
        const detail = `the upload has more than ${this.limits.files} files`
        throw fileError('DATASET_TOO_LARGE', { file: file.name }, detail)
      }
      await spoolToDisk(file.name, content, file.path, this.usage, this.limits)
    } catch (error) {
      await this.abort()
      throw error
    }
  }

  /** Checks, converts and commits the files. `created` is false if the same content exists already. */
  async commit(form: UploadForm): Promise<{ dataset: DatasetManifest; created: boolean }> {
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

  private async convert(form: ValidatedForm) {
    const { files, limits, limitConversions } = this
    const folder = await this.store.stage()
    try {
      const { activeCount, pendingCount } = limitConversions
      if (activeCount >= limits.conversions && pendingCount >= limits.waitingConversions)
        throw tooManyUploads(activeCount + pendingCount)
      const task = { files, form, folder, scratch: this.folder, limits }
      const content = await limitConversions(() => runConversion(task))
      const createdAt = new Date().toISOString()
      const manifest = { ...content, name: form.name ?? content.id, createdAt }
      return await this.publish(folder, manifest, form.name)
    } catch (error) {
      await this.store.discard(folder)
      throw error
    }
  }

  private assertOpen(): void {
    if (!this.isOpen) throw new Error('the upload has ended')
  }
}

/** The client's file name without its path and control characters, for messages only. */
function displayName(name: string): string {
  const baseName = basename(name.replaceAll('\\', '/'))
  return [...baseName.replace(/\p{C}/gu, '')].slice(0, 100).join('') || 'file'
}
