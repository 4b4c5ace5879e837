// The entry point of the process that `Exports` starts for each export.
import { streamToParent } from '../../ipc/stream-child.js'
import { toStorageError } from '../../store/storage-errors.js'
import {
  asImages,
  asTable,
  readStoredDataset,
  type StoredDataset,
} from '../stored/stored-dataset.js'
import type { ExportFormat, ExportTask } from './export-task.js'

type Export = (dataset: StoredDataset) => AsyncIterable<Uint8Array>

/** Loads what one format needs, which the others do not. */
const exporters: Readonly<Record<ExportFormat, () => Promise<Export>>> = {
  tfrecord: async () => {
    const { tfrecordTar } = await import('./tfrecord-tar.js')
    return dataset => tfrecordTar(asImages(dataset))
  },
  folders: async () => {
    const { folderZip } = await import('./folder-zip.js')
    return dataset => folderZip(asImages(dataset))
  },
  csv: async () => {
    const { tableCsv } = await import('./table-csv.js')
    return dataset => tableCsv(asTable(dataset))
  },
  parquet: async () => {
    const { tableParquet } = await import('./table-parquet.js')
    return dataset => tableParquet(asTable(dataset))
  },
  arrow: async () => {
    const { tableArrow } = await import('./table-arrow.js')
    return dataset => tableArrow(asTable(dataset))
  },
}

async function* makeExport({ format, folder, key }: ExportTask): AsyncGenerator<Uint8Array> {
  const dataset = await readStoredDataset(folder, key)
  const make = await exporters[format]()
  try {
    yield* make(dataset)
  } catch (error) {
    throw toStorageError(error)
  }
}

streamToParent<ExportTask>(makeExport)
