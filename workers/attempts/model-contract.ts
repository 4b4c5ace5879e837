// What a model takes and answers, by its job and data set: of a published model, and of a checkpoint that predicts.
import type { DatasetManifest, ImagesManifest, TableManifest } from '../../src/spec/dataset.js'
import type { FeatureColumn } from '../../src/spec/feature-column.js'
import type { BoostingJob, NetworkJob } from '../../src/spec/job.js'
import type { BoostingManifest, NetworkManifest } from '../../src/spec/model.js'
import { preprocessingOf } from '../../src/training/serving.js'
import { requireTable } from './boosting-tables.js'

/** The images that a job learns from, with what it normalizes them with. */
export function imagesOf({ normalization }: NetworkJob, dataset: DatasetManifest): ImagesManifest {
  const images = requireImages(dataset)
  if (!normalization) return images
  return { ...images, mean: normalization.mean, std: normalization.std }
}

/** Planning rejects a network job on a table, so anything else is a bug. */
export function requireImages(dataset: DatasetManifest): ImagesManifest {
  if (dataset.kind === 'images') return dataset
  throw new Error(`data set ${dataset.id} is of kind '${dataset.kind}', expected 'images'`)
}

export function networkContract(images: ImagesManifest): Pick<NetworkManifest, 'input' | 'labels'> {
  const { height, width, channels, mean, std, labels, resize } = images
  const preprocessing = preprocessingOf(images)
  return {
    input: { height, width, channels, mean, std, ...(resize && { resize }), preprocessing },
    labels,
  }
}

export function boostingContract(
  { training }: BoostingJob,
  dataset: DatasetManifest,
  columns: FeatureColumn[],
): Pick<BoostingManifest, 'target' | 'input' | 'labels'> {
  const table = requireTable(dataset)
  const { classes, target, features, offset } = training
  return {
    target,
    input: {
      columns,
      unusedColumns: unusedColumns(table, features),
      // a CSV to predict is written as the uploaded one
      ...(table.cellFormat && { cellFormat: table.cellFormat }),
      ...(offset && { offset }),
    },
    labels: classes?.labels ?? [],
  }
}

function unusedColumns({ columns }: TableManifest, features: readonly string[]): string[] {
  const used = new Set(features)
  return columns.map(({ name }) => name).filter(name => !used.has(name))
}
