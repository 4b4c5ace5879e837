import type { Readable } from 'node:stream'
import { TrainyardError } from '../../errors.js'
import { ChildExitError, ChildKilledError } from '../../ipc/ask-child.js'
import { streamFromChild } from '../../ipc/stream-child.js'
import { scriptPath } from '../../places.js'
import type { DatasetManifest } from '../../spec/dataset.js'
import type { Store } from '../../store/store.js'
import { datasetKey } from '../stored/dataset-key.js'
import type { ExportFormat } from './export-task.js'

const script = scriptPath('src/datasets/exports/export-process')

/** Far more than a batch of rows, or an image and the directory of an archive, need. */
const maxHeapMiB = 512
const defaultMaxExports = 4

/** Data sets as archives, each made by a process of its own while it is sent. */
export class Exports {
  private readonly running = new Set<Readable>()
  private starting = 0

  constructor(
    private readonly store: Pick<Store, 'folder'>,
    private readonly maxExports = defaultMaxExports,
  ) {}

  /**
   * Throws PREVIEW_BUSY if too many exports run, PREVIEW_INTERRUPTED if the process ends before its first byte, and
   * a DamagedError that the first bytes show. A later error destroys the stream.
   */
  async open({ id }: Pick<DatasetManifest, 'id'>, format: ExportFormat): Promise<Readable> {
    const count = this.running.size + this.starting
    if (count >= this.maxExports) {
      const message = `${count} data sets are being downloaded already; try again`
      throw new TrainyardError('PREVIEW_BUSY', message)
    }
    this.starting++
    try {
      const key = datasetKey(id)
      const folder = await this.store.folder(key)
      const stream = await streamFromChild(
        { format, folder, key },
        {
          name: 'process that exports',
          script,
          execArgv: [`--max-old-space-size=${maxHeapMiB}`],
          env: {},
          maxSilentMs: 120_000,
        },
      )
      this.running.add(stream)
      stream.once('close', () => this.running.delete(stream))
      return stream
    } catch (error) {
      if (!(error instanceof ChildExitError || error instanceof ChildKilledError)) throw error
      const message = `${error.message}; try again`
      throw new TrainyardError('PREVIEW_INTERRUPTED', message, { cause: error })
    } finally {
      this.starting--
    }
  }

  close(): void {
    for (const stream of this.running) stream.destroy()
  }
}
