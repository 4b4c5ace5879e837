import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { maxListedErrors } from '../../../errors.js'
import type { ImageDuplicates, ImageSplit, Shard } from '../../../spec/dataset.js'
import type { ReportProgress } from '../../conversion-input.js'
import { datasetIdOf } from '../../dataset-id.js'
import { type FileLocation, fileError } from '../../errors.js'
import type { ProblemList } from '../../problem-list.js'
import { ImageIndexWriter } from '../image-index.js'
import { PixelStatistics } from '../pixel-statistics.js'
import { maxShards, recordsPerShard, shardName } from '../shard-names.js'
import { exampleParts } from '../tfrecord/example.js'
import { TfrecordWriter } from '../tfrecord/tfrecord-reader.js'
import { type DamagedImage, type DecodedImage, decodeImages } from './decode-images.js'
import { DuplicateSearch } from './duplicates.js'
import { Fingerprinter, fingerprintHex } from './fingerprint.js'
import { GrowingArray } from './growing-array.js'
import { orderImages } from './image-order.js'
import type { ImagePlan } from './image-plan.js'
import type { StagedImages } from './staged-images.js'

export interface ImageClasses {
  names: readonly string[]
  /** The class of each number of a staged label. */
  numbers: Int32Array
}

export interface ImageSplits {
  /** In their order; none if the upload has no splits. */
  names: readonly string[]
  /** The place of each number of a staged split in this order. */
  ranks: Uint8Array
}

export interface StoredImages {
  id: string
  records: number
  shards: Shard[]
  index: Shard
  splits: ImageSplit[]
  classCounts: number[]
  mean: number[]
  std: number[]
  duplicates: ImageDuplicates
}

interface StoreTask {
  staged: StagedImages
  plan: ImagePlan
  classes: ImageClasses
  splits: ImageSplits
  folder: string
  scratch: string
  report: ReportProgress
  problems: ProblemList
  /** True if some images have fields. */
  hasFields: boolean
}

/** Decodes all images, and writes shards and index without those that are damaged. Throws if these refuse the upload. */
export async function storeImages(deps: StoreTask): Promise<StoredImages> {
  const { staged, splits } = deps
  const ranks = staged.splits.values().map(split => splits.ranks[split]!)
  const writing = new ImageWriting(deps, ranks)
  try {
    await writeImages(deps, orderImages(staged.keys.values(), ranks), writing)
    return await writing.close()
  } catch (error) {
    await writing.abort()
    throw error
  }
}

async function writeImages(
  { staged, plan, scratch, report, problems }: StoreTask,
  order: Uint32Array,
  writing: ImageWriting,
): Promise<void> {
  const damaged: DamagedImage[] = []
  let done = 0
  for await (const image of decodeImages(staged, order, plan, scratch)) {
    if ('error' in image) damaged.push(image)
    else if (damaged.length === 0 || problems.skips) writing.add(image)
    writing.advance()
    if (!problems.skips && damaged.length === maxListedErrors) break
    if (++done % 100 !== 0) continue
    report({ phase: 'writing', unit: 'images', done, total: order.length })
    // messages leave this process, and the index is written, between turns
    await setImmediate()
  }
  // in the order of the upload
  for (const { index, error } of damaged.sort((a, b) => a.index - b.index)) {
    problems.add(fileError('DATASET_IMAGE', staged.location(index), error.message, error))
  }
  problems.check(staged.length - damaged.length + problems.skipped)
}

class ImageWriting {
  private readonly index: ImageIndexWriter
  private readonly fingerprints: Fingerprinter
  private readonly duplicates: DuplicateSearch
  private readonly identity = new SetIdentity()
  private readonly shards: Shard[] = []
  private readonly planned: readonly PlannedShard[]
  /** Of each split. */
  private readonly parts: readonly SplitSurvey[]
  /** The stored images, by their numbers in the temporary file. */
  private readonly stored = new GrowingArray(length => new Uint32Array(length))
  private writer: TfrecordWriter | null = null
  private position = 0
  private plannedShard = 0

  constructor(
    private readonly deps: StoreTask,
    private readonly ranks: Uint8Array,
  ) {
    const { plan, classes, splits, folder, hasFields } = deps
    mkdirSync(join(folder, 'shards'))
    this.index = new ImageIndexWriter(folder, { hasFields })
    this.fingerprints = new Fingerprinter(plan.shape)
    this.duplicates = new DuplicateSearch(plan.shape)
    this.parts = Array.from({ length: Math.max(1, splits.names.length) }, () => ({
      classCounts: new Array<number>(classes.names.length).fill(0),
      pixels: new PixelStatistics(plan.shape.channels),
    }))
    const counts = this.parts.map(() => 0)
    for (const rank of ranks) counts[rank]!++
    this.planned = planShards(counts)
  }

  /** Stores the image of the next position. */
  add({ index, pixels, stored }: DecodedImage): void {
    const { staged, plan, classes } = this.deps
    const split = this.ranks[index]!
    const label = classes.numbers[staged.labels.at(index)]!
    const part = this.parts[split]!
    part.classCounts[label]!++
    part.pixels.add(pixels)
    const hash = createHash('sha256').update(pixels).digest()
    const { location, fields } = staged.origin(index)
    this.identity.add(hash, label, split, fields)
    const fingerprint = this.fingerprints.compute(pixels)
    this.duplicates.add(hash.readUIntBE(0, 6), fingerprint, split)
    this.stored.push(index)
    const { name } = this.planned[this.plannedShard]!
    this.writer ??= new TfrecordWriter(join(this.deps.folder, name))
    this.index.add({
      source: sourceOf(location),
      label,
      shard: this.shards.length,
      offset: this.writer.position,
      bytes: stored.length,
      ...staged.size(index),
      sha256: hash.toString('hex', 0, 8),
      dhash: fingerprintHex(fingerprint),
      fields,
    })
    this.writer.write(...exampleParts({ image: stored, label }, plan.shape))
  }

  /** Goes to the next position, whether its image is stored or left out. */
  advance(): void {
    this.position++
    if (this.position === this.planned[this.plannedShard]!.end) this.closeShard()
  }

  async close(): Promise<StoredImages> {
    const { plan, classes, splits, staged } = this.deps
    const classCounts = classes.names.map((_, label) =>
      this.parts.reduce((sum, part) => sum + part.classCounts[label]!, 0),
    )
    const found = splits.names.map((name, rank) => {
      const { classCounts, pixels } = this.parts[rank]!
      const records = classCounts.reduce((sum, count) => sum + count, 0)
      return { name, records, classCounts, ...pixels.moments() }
    })
    const records = this.stored.length
    const description = [plan.shape, plan.resize, classes.names, splits.names, records]
    // mean and deviation are those of the images that a model learns from
    const train = this.parts[Math.max(0, splits.names.indexOf('train'))]!
    return {
      id: this.identity.id(description),
      records,
      shards: this.shards,
      index: await this.index.close(),
      splits: found.filter(split => split.records > 0),
      classCounts,
      ...train.pixels.moments(),
      duplicates: this.duplicates.find(position =>
        sourceOf(staged.location(this.stored.at(position))),
      ),
    }
  }

  /** Closes the files of a set that is refused. */
  async abort(): Promise<void> {
    this.writer?.close()
    // the error that refused the set is the one to tell
    await this.index.close().catch(() => {})
  }

  private closeShard(): void {
    const { name, split } = this.planned[this.plannedShard++]!
    if (!this.writer) return
    const splitName = this.deps.splits.names[split]
    const written = this.writer.close()
    this.writer = null
    this.shards.push({ name, ...written, ...(splitName && { split: splitName }) })
  }
}

interface SplitSurvey {
  classCounts: number[]
  pixels: PixelStatistics
}

interface PlannedShard {
  name: string
  split: number
  /** The positions of its images in the order of the set. */
  start: number
  end: number
}

/** Shards of equal length within a split, of which each begins a shard. */
function planShards(counts: readonly number[]): PlannedShard[] {
  const perSplit = counts.map(records =>
    Math.min(Math.max(Math.ceil(records / recordsPerShard), 1), maxShards),
  )
  const total = perSplit.reduce((sum, shards) => sum + shards, 0)
  const planned: PlannedShard[] = []
  let first = 0
  for (const [split, records] of counts.entries()) {
    const shards = perSplit[split]!
    for (let shard = 0; shard < shards; shard++) {
      planned.push({
        name: shardName(planned.length, total),
        split,
        start: first + Math.floor((shard * records) / shards),
        end: first + Math.floor(((shard + 1) * records) / shards),
      })
    }
    first += records
  }
  return planned
}

/** The path in the upload: of a file in an archive, of a record, or of the file itself. */
export function sourceOf({ file, entry, record, row }: FileLocation): string {
  const path = entry === undefined ? file : `${file}/${entry}`
  const number = record ?? row
  return number === undefined ? path : `${path}#${number}`
}

/** A hash of a set of images, which does not depend on their order. */
class SetIdentity {
  private sum = 0n

  /** `pixelHash` is a SHA-256. */
  add(pixelHash: Uint8Array, label: number, split: number, fields: string): void {
    const words = `${label} ${split} ${fields}`
    const digest = createHash('sha256').update(words).update(pixelHash).digest('hex')
    this.sum = BigInt.asUintN(256, this.sum + BigInt(`0x${digest}`))
  }

  /** `description` is what is the same for all images. */
  id(description: unknown): string {
    return datasetIdOf([2, description, String(this.sum)])
  }
}
