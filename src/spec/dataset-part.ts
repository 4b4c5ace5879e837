import type {
  DatasetManifest,
  ImageSplit,
  ImagesManifest,
  Shard,
  TableColumn,
  TableManifest,
  TableSplit,
} from './dataset.js'

/**
 * The manifest of some splits of a data set, as if they were one of their own: with their shards, records and
 * counts. Without `splits`, the whole. Of a table, ranges of numbers remain those of all rows. Throws if there is no
 * such split.
 */
export function partOf<M extends DatasetManifest>(
  manifest: M,
  splits: readonly string[] | undefined,
): M {
  if (splits === undefined) return manifest
  const names = new Set(splits)
  const part =
    manifest.kind === 'images' ? partOfImages(manifest, names) : partOfTable(manifest, names)
  return part as M
}

function partOfImages(manifest: ImagesManifest, names: ReadonlySet<string>): ImagesManifest {
  const { id, shards, labels } = manifest
  const found = findSplits(id, manifest.splits, names)
  const classCounts = labels.map((_, label) => sum(found, split => split.classCounts[label]!))
  return { ...manifest, ...common(shards, names, found), classCounts, ...pooledMoments(found) }
}

function partOfTable(manifest: TableManifest, names: ReadonlySet<string>): TableManifest {
  const { id, shards } = manifest
  const found = findSplits(id, manifest.splits, names)
  const columns = manifest.columns.map(column => partOfColumn(column, found))
  return { ...manifest, ...common(shards, names, found), columns }
}

function findSplits<S extends { name: string }>(
  id: string,
  splits: readonly S[] | undefined,
  names: ReadonlySet<string>,
): S[] {
  const found = splits?.filter(({ name }) => names.has(name)) ?? []
  if (found.length === names.size) return found
  throw new Error(`data set ${id} has not all of the splits ${[...names].join(', ')}`)
}

const common = (
  shards: readonly Shard[],
  names: ReadonlySet<string>,
  splits: readonly { records: number }[],
) => ({
  records: sum(splits, ({ records }) => records),
  shards: shards.filter(({ split }) => split !== undefined && names.has(split)),
})

/** The mean and deviation of all images of the splits. Those of a single split are exactly its own. */
export function pooledMoments(splits: readonly ImageSplit[]): Pick<ImagesManifest, 'mean' | 'std'> {
  const [first] = splits
  if (splits.length === 1) return { mean: first!.mean, std: first!.std }
  const records = sum(splits, split => split.records)
  const average = (amountOf: (split: ImageSplit) => number) =>
    sum(splits, split => split.records * amountOf(split)) / records
  const mean = first!.mean.map((_, channel) => average(split => split.mean[channel]!))
  const std = mean.map((overall, channel) =>
    Math.sqrt(average(split => split.std[channel]! ** 2 + (split.mean[channel]! - overall) ** 2)),
  )
  return { mean, std }
}

function partOfColumn(column: TableColumn, splits: readonly TableSplit[]): TableColumn {
  if (column.type === 'text') return column
  const found = splits.map(({ columns }) => columns.find(({ name }) => name === column.name))
  const missing = sum(found, split => split?.missing ?? 0)
  if (column.type !== 'category') return { ...column, missing }
  const counts = column.counts.map((_, code) => sum(found, split => split?.counts?.[code] ?? 0))
  return { ...column, missing, counts }
}

const sum = <T>(items: readonly T[], amountOf: (item: T) => number): number =>
  items.reduce((total, item) => total + amountOf(item), 0)

interface PlannedParts {
  split?: string[]
  validation: object
}

/** The data that a planned job trains on, and what it validates on, if that is not held out of the former. */
export function partsOfPlan<M extends DatasetManifest>(
  { split, validation }: PlannedParts,
  dataset: M,
  otherDataset: M | null,
): { training: M; validation: M | null } {
  const validationSplit =
    'split' in validation && typeof validation.split === 'string' ? [validation.split] : undefined
  const source = otherDataset ?? (validationSplit ? dataset : null)
  return {
    training: partOf(dataset, split),
    validation: source && partOf(source, validationSplit),
  }
}
