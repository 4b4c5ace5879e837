// A log in a bucket is a row of objects, since none can be appended to: `<key>/<generation>-<offset>`. A replaced or
// compacted log begins a generation with one object, which is there at once; the highest generation counts. A text that
// was never appended to is one object, `<key>`, which may be replaced.
import { DamagedError } from '../../errors.js'
import type { Bucket } from './bucket.js'

interface Segment {
  name: string
  offset: number
  bytes: number
  /** Not an object of a log: another may take its place. */
  isText?: true
}

export interface SegmentList {
  generation: number
  segments: readonly Segment[]
  /** Of the whole log. */
  bytes: number
}

const namePattern = /^(\d{4})-(\d{15})$/
/** Smaller objects are read whole, and kept for the next read. */
const wholeBytes = 256 * 1024
const maxKeptBytes = 16 * 2 ** 20

export const segmentKey = (key: string, generation: number, offset: number): string =>
  `${key}/${String(generation).padStart(4, '0')}-${String(offset).padStart(15, '0')}`

/** Whether a name below a key is one of a log's objects. */
export const isSegmentName = (name: string): boolean => namePattern.test(name)

export class LogSegments {
  private readonly known = new Map<string, SegmentList>()
  private readonly kept = new Map<string, Buffer>()
  private keptBytes = 0

  constructor(private readonly bucket: Bucket) {}

  /** Throws a DamagedError if a part is missing. */
  async list(key: string): Promise<SegmentList> {
    const found: (Segment & { generation: number })[] = []
    let text: Segment | null = null
    for await (const { key: name, bytes } of this.bucket.list(key)) {
      if (name === key) text = { name, offset: 0, bytes, isText: true }
      if (!name.startsWith(`${key}/`)) continue
      const [, generation, offset] = namePattern.exec(name.slice(key.length + 1)) ?? []
      if (offset === undefined) continue
      found.push({ generation: Number(generation), offset: Number(offset), bytes, name })
    }
    const generation = Math.max(0, ...found.map(each => each.generation))
    const segments = found
      .filter(each => each.generation === generation)
      .sort((a, b) => a.offset - b.offset)
    const isWhole = segments[0]?.offset === 0
    const all: Segment[] = text && !isWhole ? [text, ...segments] : segments
    let end = 0
    for (const { offset, bytes } of all) {
      if (offset !== end) throw new DamagedError(key, `lacks what begins at byte ${end}`)
      end += bytes
    }
    const list = { generation, segments: all, bytes: end }
    this.known.delete(key)
    if (all[0]?.isText) return list
    this.known.set(key, list)
    if (this.known.size > 1000) this.known.delete(this.known.keys().next().value!)
    return list
  }

  async size(key: string): Promise<number> {
    return (await this.list(key)).bytes
  }

  /** Lists only if what is known does not have the whole part: objects of a log never change. */
  async read(key: string, offset: number, length: number): Promise<Buffer> {
    const known = this.known.get(key)
    if (known && offset + length <= known.bytes) {
      const bytes = await this.readFrom(known, offset, length)
      if (bytes) return bytes
    }
    for (let tries = 0; tries < 5; tries++) {
      const bytes = await this.readFrom(await this.list(key), offset, length)
      if (bytes) return bytes
      // it was compacted after the list
    }
    throw new DamagedError(key, 'changes with each read')
  }

  forget(key: string): void {
    this.known.delete(key)
  }

  /** Returns null if an object is there no more. */
  private async readFrom(
    { segments, bytes }: SegmentList,
    offset: number,
    length: number,
  ): Promise<Buffer | null> {
    const end = Math.min(bytes, offset + length)
    const parts: Buffer[] = []
    for (const segment of segments) {
      const from = Math.max(0, offset - segment.offset)
      const to = Math.min(segment.bytes, end - segment.offset)
      if (from >= to) continue
      const part = await this.readSegment(segment, from, to)
      if (part === null) return null
      parts.push(part)
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  private async readSegment(
    { name, bytes, isText }: Segment,
    from: number,
    to: number,
  ): Promise<Buffer | null> {
    if (isText || bytes > wholeBytes) return this.bucket.getRange(name, from, to - from)
    const whole = this.kept.get(name) ?? (await this.bucket.getRange(name, 0, bytes))
    if (whole === null) return null
    this.keep(name, whole)
    return whole.subarray(from, to)
  }

  private keep(name: string, body: Buffer): void {
    this.drop(name)
    this.kept.set(name, body)
    this.keptBytes += body.length
    for (const oldest of this.kept.keys()) {
      if (this.keptBytes <= maxKeptBytes) break
      this.drop(oldest)
    }
  }

  private drop(name: string): void {
    this.keptBytes -= this.kept.get(name)?.length ?? 0
    this.kept.delete(name)
  }
}
