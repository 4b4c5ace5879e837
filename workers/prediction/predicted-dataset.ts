import { join } from 'node:path'
import type { Datasets } from '../../src/datasets/datasets.js'
import { openImageIndex } from '../../src/datasets/images/image-index.js'
import {
  type AddedColumn,
  writePredictions,
} from '../../src/datasets/predicted/write-predictions.js'
import { splitAt, splitRange } from '../../src/datasets/stored/split-ranges.js'
import { asImages, asTable, type StoredDataset } from '../../src/datasets/stored/stored-dataset.js'
import type { TableContent } from '../../src/datasets/tables/table-content.js'
import { keptNames } from '../../src/planning/plan-prediction.js'
import { columnNames, type Numbers, type PredictionField } from '../../src/predictions/fields.js'
import { PartsReader } from '../../src/predictions/part-file.js'
import type { ImagesManifest } from '../../src/spec/dataset.js'
import type { PredictionJob } from '../../src/spec/job.js'
import { Notes } from '../../src/spec/notes.js'
import { freeNames, ownColumns, predictedName } from '../../src/spec/prediction-columns.js'
import type { StoredPart } from './predicted-parts.js'

/** Paths of images are a column up to so many of them: each is a category, which every answer with the manifest lists. */
const maxFiles = 10_000
const maxPathBytes = 200

interface Predictions {
  datasets: Pick<Datasets, 'readLabels'>
  job: PredictionJob
  /** What was predicted: of a split, the part. */
  dataset: StoredDataset
  fields: readonly PredictionField[]
  /** They cover all records, in order. */
  parts: readonly StoredPart[]
  /** A staged folder. */
  folder: string
  /** Called after some rows. */
  onRows(): void
}

/** Writes the data set of predictions. */
export async function writePredictedDataset(predictions: Predictions): Promise<TableContent> {
  const { datasets, job, dataset, fields, parts, folder, onRows } = predictions
  const { manifest } = dataset
  const notes = new Notes()
  const kept = manifest.kind === 'table' && job.predict.keepColumns ? asTable(dataset) : null
  const own = [
    ...positionColumns(job, dataset),
    ...(manifest.kind === 'images'
      ? await imageColumns(notes, datasets, job, asImages(dataset))
      : []),
  ]
  const reader = new PartsReader(parts, fields)
  const predicted = fields.flatMap((field, at) => predictedColumns(field, at, reader))
  const columns = [...own, ...predicted]
  const names = freeNames(
    columns.map(({ name }) => name),
    keptNames(manifest, kept !== null),
  )
  const added = columns.map((column, i) => ({ ...column, name: names[i]! }))
  const { records, name } = manifest
  const content = await writePredictions({ kept, added, records, name, folder, onRows })
  return { ...content, notes: notes.all }
}

/** Where the first record that is predicted is in the whole data set. */
export const offsetOf = (
  { predict: { split } }: PredictionJob,
  { manifest }: StoredDataset,
): number => (split === null ? 0 : splitRange(manifest, split)!.first)

function positionColumns(job: PredictionJob, dataset: StoredDataset): AddedColumn[] {
  const offset = offsetOf(job, dataset)
  const { manifest } = dataset
  const record: AddedColumn = {
    name: ownColumns.record,
    type: 'integer',
    read: (first, count) => Float64Array.from({ length: count }, (_, i) => offset + first + i),
  }
  const texts = (manifest.splits ?? []).map(({ name }) => name)
  if (texts.length === 0) return [record]
  const split: AddedColumn = {
    name: ownColumns.split,
    type: 'category',
    texts,
    read: (first, count) =>
      Int32Array.from({ length: count }, (_, i) =>
        texts.indexOf(splitAt(manifest, offset + first + i) ?? ''),
      ),
  }
  return [record, split]
}

/** The path and the class of each image. */
async function imageColumns(
  notes: Notes,
  datasets: Pick<Datasets, 'readLabels'>,
  job: PredictionJob,
  dataset: StoredDataset<ImagesManifest>,
): Promise<AddedColumn[]> {
  const { manifest } = dataset
  const files = await pathsOf(job, dataset)
  if (!files) {
    const message = `the data set has more than ${maxFiles} images, or paths that are long or unknown, so there is no column '${ownColumns.file}': column '${ownColumns.record}' is the number of the image in data set ${manifest.id}`
    notes.add('files_left_out', message)
  }
  const columns: AddedColumn[] = files
    ? [
        {
          name: ownColumns.file,
          type: 'category',
          texts: files,
          read: (first, count) => Int32Array.from({ length: count }, (_, i) => first + i),
        },
      ]
    : []
  if (manifest.labels.length === 0) return columns
  const labels = await datasets.readLabels(manifest)
  const label: AddedColumn = {
    name: ownColumns.label,
    type: 'category',
    texts: manifest.labels,
    read: (first, count) => Int32Array.from(labels.subarray(first, first + count)),
  }
  return [...columns, label]
}

/** Null if there is no index, and if the paths are too many or too long for a column. */
async function pathsOf(
  job: PredictionJob,
  dataset: StoredDataset<ImagesManifest>,
): Promise<string[] | null> {
  const { manifest, folder } = dataset
  if (!manifest.index || manifest.records > maxFiles) return null
  const index = await openImageIndex(join(folder, manifest.index.name))
  const paths: string[] = []
  try {
    for await (const { source } of index.rows(offsetOf(job, dataset), manifest.records)) {
      if (Buffer.byteLength(source) > maxPathBytes) return null
      paths.push(source)
    }
  } finally {
    await index.close()
  }
  return paths
}

function predictedColumns(field: PredictionField, at: number, reader: PartsReader): AddedColumn[] {
  const { texts, values } = field
  const type = texts ? 'category' : values instanceof Int32Array ? 'integer' : 'number'
  return columnNames(field).map((name, item) => ({
    name: predictedName(name),
    type,
    ...(texts && { texts }),
    read(first, count) {
      const read = new (values.constructor as new (length: number) => Numbers)(count)
      reader.read(at, item, first, read)
      // an index of no class is missing
      return texts || !(read instanceof Int32Array)
        ? read
        : Float64Array.from(read, index => (index < 0 ? Number.NaN : index))
    },
  }))
}
