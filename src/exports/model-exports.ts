import type { Readable } from 'node:stream'
import { ExportChildren } from '../ipc/export-children.js'
import type { ModelRegistry } from '../models/registry.js'
import { scriptPath } from '../places.js'
import type { Model } from '../spec/model.js'
import type { ExportTask, MadeFormat } from './export-task.js'

const script = scriptPath('src/exports/export-process')

/** Weights are outside the heap; this is for a graph, or for trees. */
const maxHeapMiB = 2048
/** An export of VGG16 holds its weights, 530 MB, several times. */
const maxExports = 2

/** Models in the formats of other runtimes, each made by a process of its own. */
export class ModelExports {
  private readonly children = new ExportChildren<ExportTask>({
    what: 'models',
    script,
    maxHeapMiB,
    max: maxExports,
  })

  constructor(private readonly models: Pick<ModelRegistry, 'folder'>) {}

  /** The version must be intact. Throws as `ExportChildren`. */
  async open(model: Model, format: MadeFormat): Promise<Readable> {
    const { id: _id, versions: _versions, ...manifest } = model
    return this.children.open({ format, folder: await this.models.folder(model), manifest })
  }

  close(): void {
    this.children.close()
  }
}
