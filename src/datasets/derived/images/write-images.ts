import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { ImageSplit, ImagesManifest, Shard } from '../../../spec/dataset.js'
import type { ReportProgress } from '../../conversion-input.js'
import { ImageError } from '../../images/image-error.js'
import { PixelStatistics } from '../../images/pixel-statistics.js'
import { decodeExample, encodeExample } from '../../images/tfrecord/example.js'
import { readRecords, TfrecordWriter } from '../../images/tfrecord/tfrecord-reader.js'
import type { SharedFile } from '../derived-content.js'
import type { SourceDataset } from '../source-dataset.js'
import type { ImageGroup } from './image-groups.js'
import { type ImageSelection, leftOut } from './image-selection.js'
import type { PlannedShard } from './shard-plan.js'

type Moments = Pick<ImageSplit, 'mean' | 'std'>

export interface WrittenImages {
  shards: Shard[]
  shared: SharedFile[]
  /** Of each group of images. */
  moments: Moments[]
}

interface Plan {
  source: SourceDataset<ImagesManifest>
  oldLabels: Int32Array
  selection: ImageSelection
  planned: readonly PlannedShard[]
  groups: readonly ImageGroup[]
  folder: string
  report: ReportProgress
}

/** Reads each shard of the source at most once, and writes the images that are in no shared shard. */
export async function writeImages(plan: Plan): Promise<WrittenImages> {
  const { source, selection, planned, report } = plan
  const { manifest, folder } = source
  mkdirSync(join(plan.folder, 'shards'))
  const pixels = await GroupPixels.open(manifest, plan.groups)
  const writers = splitWriters(plan)
  const shared = new Set(planned.flatMap(part => ('linked' in part ? [part.linked] : [])))
  let record = 0
  for (const [shard, { name, records }] of manifest.shards.entries()) {
    const end = record + records
    const isShared = shared.has(shard)
    const split = selection.splits[record]!
    if (isShared) writers[split]!.pass(shard)
    const mustRead = isShared
      ? pixels.counts(split)
      : selection.labels.subarray(record, end).some(label => label !== leftOut)
    if (mustRead) {
      for (const data of readRecords(name, join(folder, name))) {
        const label = selection.labels[record]!
        if (label !== leftOut) {
          const group = selection.splits[record]!
          if (!isShared) writers[group]!.write(data, plan.oldLabels[record]!, label)
          pixels.add(group, data)
        }
        record++
        if (record % 100 !== 0) continue
        report({ phase: 'writing', unit: 'images', done: record, total: manifest.records })
        await setImmediate()
      }
    }
    record = end
  }
  const written = writers.flatMap(writer => writer.close())
  const byName = new Map(written.map(each => [each.name, each]))
  const shards = planned.map(part => {
    const splitName = selection.splitNames[part.split]
    const content =
      'linked' in part ? withoutSplit(manifest.shards[part.linked]!) : byName.get(part.name)!
    return { ...content, name: part.name, ...(splitName !== undefined && { split: splitName }) }
  })
  return {
    shards,
    shared: planned.flatMap(part =>
      'linked' in part ? [{ from: manifest.shards[part.linked]!.name, to: part.name }] : [],
    ),
    moments: pixels.moments(),
  }
}

const withoutSplit = ({ split: _, ...shard }: Shard): Shard => shard

const splitWriters = ({ planned, groups, folder, source }: Plan) =>
  groups.map(
    (_, split) =>
      new SplitWriter(
        planned.filter(part => part.split === split),
        folder,
        source.manifest,
      ),
  )

/** Writes the images of a split, in order, to its shards. */
class SplitWriter {
  private readonly written: Shard[] = []
  private at = 0
  private writer: TfrecordWriter | null = null
  private recordsLeft = 0

  constructor(
    private readonly planned: readonly PlannedShard[],
    private readonly folder: string,
    private readonly shape: Pick<ImagesManifest, 'height' | 'width' | 'channels'>,
  ) {}

  /** A shard of the source comes next as it is. */
  pass(shard: number): void {
    const next = this.planned[this.at++]
    if (!next || !('linked' in next) || next.linked !== shard) throw new Error('not as planned')
  }

  write(data: Buffer, oldLabel: number, label: number): void {
    const writer = this.open()
    const record =
      label === oldLabel
        ? Uint8Array.from(data)
        : encodeExample({ image: decodeExample(data).image, label }, this.shape)
    writer.write(record)
    if (--this.recordsLeft === 0) this.closeShard()
  }

  close(): Shard[] {
    if (this.writer || this.at < this.planned.length) throw new Error('not as planned')
    return this.written
  }

  private open(): TfrecordWriter {
    if (this.writer) return this.writer
    const next = this.planned[this.at]
    if (!next || !('records' in next)) throw new Error('not as planned')
    this.recordsLeft = next.records
    this.writer = new TfrecordWriter(join(this.folder, next.name))
    return this.writer
  }

  private closeShard(): void {
    const { name } = this.planned[this.at++]!
    this.written.push({ name, ...this.writer!.close() })
    this.writer = null
  }
}

interface Decoder {
  readonly batchSize: number
  decode(images: readonly Uint8Array[]): (Int32Array | ImageError)[]
}

/** Counts the pixels of the groups whose mean and deviation are not known. */
class GroupPixels {
  private readonly statistics: (PixelStatistics | null)[]
  private pending: { group: number; image: Uint8Array }[] = []

  static async open(manifest: ImagesManifest, groups: readonly ImageGroup[]): Promise<GroupPixels> {
    const needsDecoder =
      manifest.encoding === 'encoded' && groups.some(({ moments }) => moments === null)
    if (!needsDecoder) return new GroupPixels(manifest, groups, null)
    // TensorFlow takes a second to load, which other derivations do not need
    const { ImageDecoder } = await import('../../images/encoded/image-decoder.js')
    return new GroupPixels(manifest, groups, await ImageDecoder.open(manifest))
  }

  private constructor(
    manifest: ImagesManifest,
    private readonly groups: readonly ImageGroup[],
    private readonly decoder: Decoder | null,
  ) {
    this.statistics = groups.map(({ moments }) =>
      moments ? null : new PixelStatistics(manifest.channels),
    )
  }

  /** Whether the images of the group are to be added. */
  counts(group: number): boolean {
    return this.statistics[group] !== null
  }

  add(group: number, data: Buffer): void {
    const counts = this.statistics[group]
    if (!counts) return
    const { image } = decodeExample(data)
    if (!this.decoder) {
      counts.add(image)
      return
    }
    this.pending.push({ group, image: Uint8Array.from(image) })
    if (this.pending.length === this.decoder.batchSize) this.flush()
  }

  moments(): Moments[] {
    if (this.pending.length > 0) this.flush()
    return this.groups.map(({ moments }, group) => moments ?? this.statistics[group]!.moments())
  }

  private flush(): void {
    const decoded = this.decoder!.decode(this.pending.map(({ image }) => image))
    for (const [i, pixels] of decoded.entries()) {
      // it was decoded when it was uploaded
      if (pixels instanceof ImageError) throw pixels
      this.statistics[this.pending[i]!.group]!.add(pixels)
    }
    this.pending = []
  }
}
