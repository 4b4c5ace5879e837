import { basename, join } from 'node:path'
import type { LimitFunction } from 'p-limit'
import type { DatasetManifest } from '../spec/dataset.js'
import type { Store } from '../store/store.js'
import { fileError } from './errors.js'
import { type CheckedForm, checkForm, type UploadForm } from './form.js'
import type { Limits } from './limits.js'
import { runConversion } from './run-conversion.js'
import { spool, type Usage } from './spool.js'

/** Makes converted content visible; `created` is false where it was there already. */
export type Publish = (
  staged: string,
  manifest: DatasetManifest,
  name: string | null,
) => Promise<{ dataset: DatasetManifest; created: boolean }>

/** Files on their way to a data set. Whatever fails leaves nothing behind, and ends the upload. */
export class Upload {
  private readonly files: { name: string; path: string }[] = []
  private readonly usage: Usage = { sentBytes: 0, inflatedBytes: 0 }
  private open = true

  constructor(
    private readonly store: Store,
    private readonly folder: string,
    private readonly limits: Limits,
    /** Lets conversions run, few at a time: each fills a core and some memory. */
    private readonly turns: LimitFunction,
    private readonly publish: Publish,
  ) {}

  async addFile(name: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    this.checkOpen()
    const file = { name: shownName(name), path: join(this.folder, String(this.files.length)) }
    this.files.push(file)
    try {
      if (this.files.length > this.limits.files) {
        const trouble = `the upload has more than ${this.limits.files} files`
        throw fileError('DATASET_TOO_LARGE', { file: file.name }, trouble)
      }
      await spool(file.name, content, file.path, this.usage, this.limits)
    } catch (error) {
      await this.abort()
      throw error
    }
  }

  /** Checks, converts, commits. `created` is false where this content was there already. */
  async commit(form: UploadForm): Promise<{ dataset: DatasetManifest; created: boolean }> {
    this.checkOpen()
    try {
      const checked = checkForm(form)
      if (this.files.length === 0) {
        throw fileError('DATASET_EMPTY', { file: 'upload' }, 'there are no files in it')
      }
      return await this.convert(checked)
    } finally {
      await this.abort()
    }
  }

  async abort(): Promise<void> {
    this.open = false
    await this.store.discard(this.folder)
  }

  private async convert(form: CheckedForm) {
    const folder = await this.store.stage()
    try {
      const { files, limits } = this
      const content = await this.turns(() => runConversion({ files, form, folder, limits }))
      const createdAt = new Date().toISOString()
      const manifest = { ...content, name: form.name ?? content.id, createdAt }
      return await this.publish(folder, manifest, form.name)
    } catch (error) {
      await this.store.discard(folder)
      throw error
    }
  }

  private checkOpen(): void {
    if (!this.open) throw new Error('the upload has ended')
  }
}

/** A client's file name is for messages only. */
function shownName(name: string): string {
  const last = basename(name.replaceAll('\\', '/'))
  return [...last.replace(/\p{C}/gu, '')].slice(0, 100).join('') || 'file'
}
