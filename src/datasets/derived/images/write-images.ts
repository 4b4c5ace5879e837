import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { ImagesManifest, Shard } from '../../../spec/dataset.js'
import type { ReportProgress } from '../../conversion-input.js'
import { decodeExample, encodeExample } from '../../images/tfrecord/example.js'
import { readRecords, TfrecordWriter } from '../../images/tfrecord/tfrecord-reader.js'
import type { SharedFile } from '../derived-content.js'
import type { SourceDataset } from '../source-dataset.js'
import type { ImagePlaces } from './derived-index.js'
import { GroupPixels, type Moments } from './group-pixels.js'
import type { ImageGroup } from './image-groups.js'
import { type ImageSelection, leftOut } from './image-selection.js'
import type { PlannedShard } from './shard-plan.js'

export interface WrittenImages {
  shards: Shard[]
  shared: SharedFile[]
  /** Of each group of images. */
  moments: Moments[]
  places: ImagePlaces
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
  const pixels = await GroupPixels.open(manifest, plan.groups, plan.folder)
  const writers = splitWriters(plan)
  const shared = new Set(planned.flatMap(part => ('linked' in part ? [part.linked] : [])))
  const places = {
    shards: new Int32Array(manifest.records),
    offsets: new Float64Array(manifest.records).fill(-1),
  }
  let record = 0
  for (const [shard, { name, records }] of manifest.shards.entries()) {
    const end = record + records
    const isShared = shared.has(shard)
    const split = selection.splits[record]!
    if (isShared) places.shards.fill(writers[split]!.pass(shard), record, end)
    const mustRead = isShared
      ? pixels.counts(split)
      : selection.labels.subarray(record, end).some(label => label !== leftOut)
    if (mustRead) {
      for (const data of readRecords(name, join(folder, name))) {
        const label = selection.labels[record]!
        if (label !== leftOut) {
          const group = selection.splits[record]!
          if (!isShared) {
            const place = writers[group]!.write(data, plan.oldLabels[record]!, label)
            places.shards[record] = place.shard
            places.offsets[record] = place.offset
          }
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
    places,
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

  /** A shard of the source comes next as it is. Returns its number. */
  pass(shard: number): number {
    const next = this.planned[this.at++]
    if (!next || !('linked' in next) || next.linked !== shard) throw new Error('not as planned')
    return next.number
  }

  /** Returns the number of the shard, and the byte of the record in it. */
  write(data: Buffer, oldLabel: number, label: number): { shard: number; offset: number } {
    const writer = this.open()
    const record =
      label === oldLabel
        ? Uint8Array.from(data)
        : encodeExample({ image: decodeExample(data).image, label }, this.shape)
    const place = { shard: this.planned[this.at]!.number, offset: writer.position }
    writer.write(record)
    if (--this.recordsLeft === 0) this.closeShard()
    return place
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
