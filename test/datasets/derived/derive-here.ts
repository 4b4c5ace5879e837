import assert from 'node:assert/strict'
import { link, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type DerivationTask, derive } from '../../../src/datasets/derived/derivation.js'
import type { SharedFile } from '../../../src/datasets/derived/derived-content.js'
import type { SourceDataset } from '../../../src/datasets/derived/source-dataset.js'
import { decodeExample } from '../../../src/datasets/images/tfrecord/example.js'
import { readRecords } from '../../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { defaultLimits } from '../../../src/datasets/limits.js'
import { openTableReader } from '../../../src/datasets/tables/table-reader.js'
import { TrainyardError } from '../../../src/errors.js'
import type { DatasetManifest, ImagesManifest, TableManifest } from '../../../src/spec/dataset.js'
import type { DatasetStep } from '../../../src/spec/dataset-steps.js'

export type DerivedHere<M extends DatasetManifest> = SourceDataset<M> & {
  shared: SharedFile[]
  /** The notes as `code: message`. */
  notes: string[]
}

let folders = 0

/** Derives a data set in this process, which is quicker than in another one, and puts its shared files in place. */
export async function deriveHere<M extends DatasetManifest>(
  root: string,
  source: SourceDataset<M>,
  steps: DatasetStep[],
  others: DerivationTask['others'] = [],
): Promise<DerivedHere<M>> {
  const folder = join(root, `derived-${folders++}`)
  await mkdir(folder)
  const { content, shared } = await derive({ source, steps, others, folder, limits: defaultLimits })
  await mkdir(join(folder, 'shards'), { recursive: true })
  for (const { from, to } of shared) await link(join(source.folder, from), join(folder, to))
  const manifest = { ...content, name: 'derived', createdAt: '2026-01-01T00:00:00.000Z' } as M
  const notes = (manifest.notes ?? []).map(({ code, message }) => `${code}: ${message}`)
  return { manifest, folder, shared, notes }
}

/** The errors of steps that are refused, as `path code: message`. */
export async function refusals(
  root: string,
  source: SourceDataset,
  ...[steps, others]: [DatasetStep[], DerivationTask['others']?]
): Promise<string[]> {
  try {
    await deriveHere(root, source, steps, others)
  } catch (error) {
    assert.ok(error instanceof TrainyardError, String(error))
    assert.equal(error.code, 'INVALID_STEPS', error.message)
    return error.errors.map(({ path, code, message }) => `${path} ${code}: ${message}`)
  }
  return []
}

export interface ReadImage {
  /** The first bytes of the image. */
  image: string
  label: string
  split: string | undefined
}

/** The images of a data set in the order of its shards; checks that the shards are as the manifest says. */
export function readImages({ manifest, folder }: SourceDataset<ImagesManifest>): ReadImage[] {
  const images = manifest.shards.flatMap(({ name, split, records }) => {
    const found: ReadImage[] = []
    // the next record overwrites the one before
    for (const data of readRecords(name, join(folder, name))) {
      const { image, label } = decodeExample(data)
      const text = Buffer.from(image).toString('base64')
      found.push({ image: text, label: manifest.labels[Number(label)]!, split })
    }
    assert.equal(found.length, records, name)
    return found
  })
  assert.equal(images.length, manifest.records)
  const counts = manifest.labels.map(label => images.filter(each => each.label === label).length)
  assert.deepEqual(manifest.classCounts, counts)
  for (const { name, records, classCounts } of manifest.splits ?? []) {
    const part = images.filter(({ split }) => split === name)
    assert.equal(part.length, records)
    const of = manifest.labels.map(label => part.filter(each => each.label === label).length)
    assert.deepEqual(classCounts, of)
  }
  return images
}

/** The rows of a table as CSV, without text columns. */
export function readRows(
  { manifest, folder }: SourceDataset<TableManifest>,
  split?: string,
): string[] {
  const shards = manifest.shards.filter(each => split === undefined || each.split === split)
  const records = shards.reduce((sum, shard) => sum + shard.records, 0)
  const part = { ...manifest, shards, records }
  const files = shards.map(({ name }) => join(folder, name))
  const stored = manifest.columns.filter(({ type }) => type !== 'text')
  const rows: string[] = []
  for (const batch of openTableReader(files, part).batches(stored.map(({ name }) => name))) {
    for (let row = 0; row < batch.rows; row++) {
      const cells = stored.map((column, at) => {
        const value = batch.columns[at]![row]!
        if (Number.isNaN(value)) return ''
        return column.type === 'category' ? column.categories[value]! : String(value)
      })
      rows.push(cells.join())
    }
  }
  return rows
}
