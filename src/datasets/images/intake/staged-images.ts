import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type ImageFacts, swapsSides } from '../../../graph/ops/standard-image.js'
import { BlockWriter } from '../../block-writer.js'
import type { FileLocation } from '../../errors.js'
import { type ImageFormat, imageFormats } from '../encoded/encoded-image.js'
import { contentKindOf } from '../encoded/graph-input.js'
import { type ImageTrait, imageTraits } from '../encoded/image-traits.js'
import { GrowingArray } from './growing-array.js'

/** An image that is to be decoded later. */
export interface StagedImage {
  location: FileLocation
  /** Null for pixels. */
  format: ImageFormat | null
  /** As stored: before it is turned by its orientation. */
  height: number
  width: number
  channels: number
  orientation: number
  traits: readonly ImageTrait[]
  /** A number that `LabelNumbers` gives. */
  label: number
  /** An index into the splits, in the order in which they come. */
  split: number
}

/** What the upload says of an image. Parts of its key. */
export interface ImageWords {
  label: string
  /** Empty if the upload has no splits. */
  split: string
  /** As JSON; empty if there are none. */
  fields: string
}

/** Where an image comes from, and what the upload says of it. */
export interface ImageOrigin {
  location: FileLocation
  fields: string
}

/**
 * The images of an upload in a temporary file, with what is known of each in about 40 bytes of memory. A
 * stream is read once, and only after all of it is it known to which size its images are brought.
 */
export class StagedImages {
  readonly labels = new GrowingArray(length => new Int32Array(length))
  readonly splits = new GrowingArray(length => new Uint8Array(length))
  /** Random, but equal for equal bytes and equal words: 48 bits. */
  readonly keys = new GrowingArray(length => new Float64Array(length))
  private readonly heights = new GrowingArray(length => new Uint16Array(length))
  private readonly widths = new GrowingArray(length => new Uint16Array(length))
  private readonly offsets = new GrowingArray(length => new Float64Array(length))
  private readonly contentBytes = new GrowingArray(length => new Uint32Array(length))
  private readonly originBytes = new GrowingArray(length => new Uint32Array(length))
  /** Format, orientation, channels and traits. */
  private readonly kinds = new GrowingArray(length => new Uint16Array(length))
  private readonly path: string
  private readonly descriptor: number
  private readonly blocks = new BlockWriter(bytes => this.write(bytes))
  private bytesWritten = 0

  constructor(folder: string) {
    this.path = join(folder, 'staged-images')
    this.descriptor = openSync(this.path, 'wx+')
  }

  get bytes(): number {
    return this.blocks.bytes
  }

  get length(): number {
    return this.labels.length
  }

  /** Copies the content. */
  add(image: StagedImage, content: Uint8Array, words: ImageWords): void {
    const origin: ImageOrigin = { location: image.location, fields: words.fields }
    const originBytes = Buffer.from(JSON.stringify(origin))
    this.offsets.push(this.bytes)
    this.contentBytes.push(content.length)
    this.originBytes.push(originBytes.length)
    this.labels.push(image.label)
    this.splits.push(image.split)
    this.heights.push(image.height)
    this.widths.push(image.width)
    this.kinds.push(packKind(image))
    this.keys.push(contentKey(content, words))
    this.blocks.append(content)
    this.blocks.append(originBytes)
  }

  /** The bytes of an image, in a buffer of just their length. */
  content(index: number, buffer = Buffer.allocUnsafe(this.contentBytes.at(index))): Buffer {
    return this.read(this.offsets.at(index), buffer)
  }

  bytesOf(index: number): number {
    return this.contentBytes.at(index)
  }

  location(index: number): FileLocation {
    return this.origin(index).location
  }

  origin(index: number): ImageOrigin {
    const offset = this.offsets.at(index) + this.contentBytes.at(index)
    const bytes = Buffer.allocUnsafe(this.originBytes.at(index))
    return JSON.parse(this.read(offset, bytes).toString())
  }

  /** The height and width when it is upright. */
  size(index: number): { height: number; width: number } {
    const [height, width] = [this.heights.at(index), this.widths.at(index)]
    return swapsSides(this.orientation(index))
      ? { height: width, width: height }
      : { height, width }
  }

  format(index: number): ImageFormat | null {
    const format = this.kinds.at(index) & 7
    return format === 7 ? null : imageFormats[format]!
  }

  orientation(index: number): number {
    return (this.kinds.at(index) >> 3) & 15
  }

  channels(index: number): number {
    return (this.kinds.at(index) >> 7) & 7
  }

  hasTrait(index: number, trait: ImageTrait): boolean {
    return ((this.kinds.at(index) >> (10 + imageTraits.indexOf(trait))) & 1) === 1
  }

  facts(index: number): ImageFacts {
    const [height, width] = [this.heights.at(index), this.widths.at(index)]
    const kind = contentKindOf(this.format(index))
    return { kind, orientation: this.orientation(index), height, width }
  }

  every(holds: (index: number) => boolean): boolean {
    for (let index = 0; index < this.length; index++) if (!holds(index)) return false
    return true
  }

  /** Removes the file. */
  close(): void {
    closeSync(this.descriptor)
    rmSync(this.path, { force: true })
  }

  private read(offset: number, buffer: Buffer): Buffer {
    this.blocks.flush()
    const { length } = buffer
    for (let filled = 0; filled < length; ) {
      const read = readSync(this.descriptor, buffer, filled, length - filled, offset + filled)
      if (read === 0) throw new Error(`${this.path} ends before byte ${offset + length}`)
      filled += read
    }
    return buffer
  }

  private write(bytes: Uint8Array): void {
    for (let written = 0; written < bytes.length; ) {
      const left = bytes.length - written
      const added = writeSync(this.descriptor, bytes, written, left, this.bytesWritten)
      written += added
      this.bytesWritten += added
    }
  }
}

function packKind({ format, orientation, channels, traits }: StagedImage): number {
  const traitBits = traits.reduce((bits, trait) => bits | (1 << imageTraits.indexOf(trait)), 0)
  const number = format ? imageFormats.indexOf(format) : 7
  return number | (orientation << 3) | (channels << 7) | (traitBits << 10)
}

function contentKey(content: Uint8Array, { label, split, fields }: ImageWords): number {
  const hash = createHash('sha256')
    .update(JSON.stringify([split, label, ...(fields === '' ? [] : [fields])]))
    .update(content)
  return hash.digest().readUIntBE(0, 6)
}
