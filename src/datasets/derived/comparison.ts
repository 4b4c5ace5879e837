import type { DatasetManifest, ImagesManifest, TableManifest } from '../../spec/dataset.js'
import { HashIndex } from './hash-index.js'
import type { SourceDataset } from './source-dataset.js'

/** Two data sets of one kind. */
export interface ComparisonTask {
  one: SourceDataset
  other: SourceDataset
}

/** How many records two data sets have in common; equal records of one data set count one by one. */
export interface RecordComparison {
  both: number
  onlyOne: number
  onlyOther: number
}

/**
 * Compares images by their pixels or files, whatever their classes, and rows by the columns that both tables have.
 */
export async function compareRecords({ one, other }: ComparisonTask): Promise<RecordComparison> {
  const counts = new Map<number, number>()
  const numbers = new HashIndex()
  let [total, next] = [0, 0]
  for await (const hash of hashesOf(one, other)) {
    total++
    let number = numbers.get(hash)
    if (number < 0) {
      number = next++
      numbers.set(hash, number)
    }
    counts.set(number, (counts.get(number) ?? 0) + 1)
  }
  let [both, onlyOther] = [0, 0]
  for await (const hash of hashesOf(other, one)) {
    const number = numbers.get(hash)
    const left = number < 0 ? 0 : (counts.get(number) ?? 0)
    if (left === 0) onlyOther++
    else {
      both++
      counts.set(number, left - 1)
    }
  }
  return { both, onlyOne: total - both, onlyOther }
}

/** The hash of each record, by what `other` has in common. */
async function* hashesOf(dataset: SourceDataset, other: SourceDataset): AsyncGenerator<bigint> {
  if (isImages(dataset)) {
    const { readImageRecords } = await import('./images/image-records.js')
    yield* (await readImageRecords(dataset, () => {})).hashes
    return
  }
  const { viewAll } = await import('./tables/table-view.js')
  const { rowHashes } = await import('./tables/row-hashes.js')
  const view = viewAll(dataset as SourceDataset<TableManifest>)
  const names = new Set(
    viewAll(other as SourceDataset<TableManifest>).columns.map(({ name }) => name),
  )
  const columns = view.columns
    .filter(({ name }) => names.has(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const { hashes } of rowHashes({ ...view, columns })) yield* hashes
}

const isImages = (
  dataset: SourceDataset<DatasetManifest>,
): dataset is SourceDataset<ImagesManifest> => dataset.manifest.kind === 'images'
