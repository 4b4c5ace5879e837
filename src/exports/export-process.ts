// The entry point of the process that `ModelExports` starts for each export.
import { streamToParent } from '../ipc/stream-child.js'
import { isBoosting } from '../spec/model.js'
import { toStorageError } from '../store/storage-errors.js'
import type { ExportTask } from './export-task.js'

async function* makeExport({ format, folder, manifest }: ExportTask): AsyncGenerator<Uint8Array> {
  try {
    if (isBoosting(manifest)) {
      const { treesOnnx } = await import('./tree-formats.js')
      yield* treesOnnx(folder, manifest)
    } else {
      const { networkFormats } = await import('./network-formats.js')
      yield* networkFormats[format](folder, manifest)
    }
  } catch (error) {
    throw toStorageError(error)
  }
}

streamToParent<ExportTask>(makeExport)
