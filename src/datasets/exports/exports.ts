import type { Readable } from 'node:stream'
import { ExportChildren } from '../../ipc/export-children.js'
import { scriptPath } from '../../places.js'
import type { DatasetManifest } from '../../spec/dataset.js'
import type { Store } from '../../store/store.js'
import { datasetKey } from '../stored/dataset-key.js'
import type { ExportFormat, ExportTask } from './export-task.js'

const script = scriptPath('src/datasets/exports/export-process')

/** Far more than a batch of rows, or an image and the directory of an archive, need. */
const maxHeapMiB = 512

/** Data sets as archives, each made by a process of its own while it is sent. */
export class Exports {
  private readonly children: ExportChildren<ExportTask>

  constructor(
    private readonly store: Pick<Store, 'folder'>,
    max?: number,
  ) {
    this.children = new ExportChildren({ what: 'data sets', script, maxHeapMiB, max })
  }

  /**
   * Throws PREVIEW_BUSY or PREVIEW_INTERRUPTED as `ExportChildren`, and a DamagedError that the first bytes show. A
   * later error destroys the stream.
   */
  async open({ id }: Pick<DatasetManifest, 'id'>, format: ExportFormat): Promise<Readable> {
    const key = datasetKey(id)
    return this.children.open({ format, folder: await this.store.folder(key), key })
  }

  close(): void {
    this.children.close()
  }
}
