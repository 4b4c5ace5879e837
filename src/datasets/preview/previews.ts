import { engineEnvironment } from '../../engine/environment.js'
import { TrainyardError } from '../../errors.js'
import { ChildExitError, ChildKilledError } from '../../ipc/child-errors.js'
import { ChildBusyError, KeptChild } from '../../ipc/kept-child.js'
import { scriptPath } from '../../places.js'
import type { DatasetManifest } from '../../spec/dataset.js'
import type { Store } from '../../store/store.js'
import { datasetKey } from '../stored/dataset-key.js'
import type { PreviewOperation, PreviewOperations, PreviewTask } from './preview-tasks.js'

const script = scriptPath('src/datasets/preview/preview-process')

/** TensorFlow's memory is not part of the heap. */
const maxHeapMiB = 512

export interface PreviewsOptions {
  store: Pick<Store, 'folder'>
  /** How long the process stays without a request. Default: 60,000. */
  idleMs?: number
}

/**
 * Reads stored data sets in a process that is kept for a while, since reading and drawing would hold the event
 * loop, and TensorFlow, which decodes JPEG, takes a second to load. It works on one request at a time.
 */
export class Previews {
  private readonly child: KeptChild<PreviewTask, unknown>

  constructor(private readonly options: PreviewsOptions) {
    this.child = new KeptChild({
      name: 'preview process',
      script,
      execArgv: [`--max-old-space-size=${maxHeapMiB}`],
      // data sets come from clients, so the child gets no secrets
      env: engineEnvironment({ cores: 2, gpus: '' }),
      timeoutMs: 60_000,
      idleMs: options.idleMs ?? 60_000,
      maxWaiting: 64,
    })
  }

  /** The process id of the child; undefined if none runs. */
  get pid(): number | undefined {
    return this.child.pid
  }

  /**
   * Throws PREVIEW_BUSY, PREVIEW_INTERRUPTED, DATASET_NOT_FOUND if the data set has been removed meanwhile, or a
   * DamagedError. `signal`: a task that still waits is dropped.
   */
  async ask<Operation extends PreviewOperation>(
    { id }: Pick<DatasetManifest, 'id'>,
    operation: Operation,
    input: PreviewOperations[Operation][0],
    signal?: AbortSignal,
  ): Promise<PreviewOperations[Operation][1]> {
    const key = datasetKey(id)
    const folder = await this.options.store.folder(key)
    try {
      const answer = await this.child.ask({ operation, folder, key, input }, signal)
      return answer as PreviewOperations[Operation][1]
    } catch (error) {
      throw toPreviewError(error)
    }
  }

  async close(): Promise<void> {
    await this.child.close()
  }
}

function toPreviewError(error: unknown): unknown {
  if (error instanceof ChildBusyError) {
    return new TrainyardError('PREVIEW_BUSY', `${error.message}; try again`, { cause: error })
  }
  if (error instanceof ChildExitError || error instanceof ChildKilledError) {
    return new TrainyardError('PREVIEW_INTERRUPTED', `${error.message}; try again`, {
      cause: error,
    })
  }
  return error
}
