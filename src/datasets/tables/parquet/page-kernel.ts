// Decodes the pages that most files have by the kernels of kernels/. Others are decoded by page-reader.ts.
import type { CompressionCodec } from 'hyparquet'
import { numberKernelIn } from '../columns/number-kernel.js'
import type { ByteSource } from '../csv.js'
import { decompress } from '../decompress.js'
import { arenaOf, type Block, KernelArena } from '../kernels/kernel-arena.js'
import type { FixedKind } from './column-type.js'

/** A page as it lies in the file. */
export interface EncodedPage {
  bytes: Uint8Array
  /** Of `bytes`, those before `content`, which are never compressed; null if it begins with its levels. */
  levels: { start: number; end: number } | null
  content: number
  codec: CompressionCodec
  /** Bytes of the content once it is inflated. */
  size: number
  rows: number
  isOptional: boolean
  hasCodes: boolean
}

/** A page in the memory of the kernels. The number of its values, or codes, is `present`. */
export interface KernelPage {
  at: number
  present: number
  validAt: number
  /** The largest code. */
  largest: number
  release(): void
}

/** Writers aim at 1 MiB. */
const maxPageBytes = 4 * 2 ** 20
const maxPageRows = 2 ** 20
/** Pages of all columns are held at once. Those that have no room here take other memory. */
const arenaBytes = 128 * 2 ** 20

const fixedKinds: Readonly<Record<FixedKind, { code: number; bits: number }>> = {
  float64: { code: 0, bits: 64 },
  float32: { code: 1, bits: 32 },
  int32: { code: 2, bits: 32 },
  uint32: { code: 3, bits: 32 },
  int64: { code: 4, bits: 64 },
  uint64: { code: 5, bits: 64 },
  bit: { code: 6, bits: 1 },
}

/** What is wrong with runs, by the numbers that kernels/runs.ts returns. */
const runErrors: Readonly<Record<number, string>> = {
  [-1]: 'its runs end early',
  [-2]: 'it has a run without values',
  [-3]: 'it has a level beyond 1, although its column is no list',
}

export class PageKernel {
  readonly arena = new KernelArena(arenaBytes)
  private readonly input = this.arena.take(maxPageBytes)!
  private readonly inflated = this.arena.take(maxPageBytes)!

  constructor() {
    // before pages take all the room
    numberKernelIn(this.arena)
  }

  /** Reads a page to where `read` finds it. Returns null if it is too large. */
  load(file: ByteSource, offset: number, length: number): Uint8Array | null {
    if (!file.readInto || length > maxPageBytes) return null
    const bytes = this.arena.uint8(this.input.at, length)
    file.readInto(offset, bytes)
    return bytes
  }

  /** Returns null if the page is too large, or if there is no room for it. */
  read(page: EncodedPage, kind: FixedKind | null): KernelPage | null {
    const { bytes, rows, size, isOptional } = page
    if (bytes.length > maxPageBytes || size > maxPageBytes || rows > maxPageRows) return null
    const valid = isOptional ? this.arena.take(rows) : null
    const values = this.arena.take((page.hasCodes ? 4 : 8) * rows)
    const blocks = [valid, values].filter(block => block !== null)
    const release = () => {
      for (const block of blocks.splice(0)) this.arena.give(block)
    }
    let read: KernelPage | null = null
    try {
      if (values && (valid || !isOptional))
        read = { ...this.decode(page, kind, values, valid), release }
    } finally {
      if (!read) release()
    }
    return read
  }

  private decode(page: EncodedPage, kind: FixedKind | null, values: Block, valid: Block | null) {
    const { kernels } = this.arena
    const { rows, levels } = page
    if (page.bytes.byteOffset !== this.input.at || arenaOf(page.bytes) !== this.arena)
      this.arena.bytes.set(page.bytes, this.input.at)
    let at = this.inflate(page)
    const end = at + page.size
    let present = rows
    if (valid) {
      let from = this.input.at + (levels?.start ?? 0)
      let to = this.input.at + (levels?.end ?? 0)
      if (!levels) {
        if (page.size < 4) throw new Error('its levels end early')
        const length = this.arena.bytes.readUInt32LE(at)
        if (length > page.size - 4) throw new Error('its levels end early')
        from = at + 4
        to = from + length
        at = to
      }
      present = kernels.readLevels(from, to, rows, valid.at)
      if (present < 0) throw new Error(runErrors[present])
    }
    const validAt = valid && present < rows ? valid.at : 0
    const largest = kind
      ? this.readFixed(kind, at, end, present, values.at)
      : this.readCodes(at, end, present, values.at)
    return { at: values.at, present, validAt, largest }
  }

  /** Returns where the content is. */
  private inflate({ bytes, content, codec, size }: EncodedPage): number {
    const { arena, input, inflated } = this
    const stored = bytes.length - content
    // some writers compress no bytes to none
    if (size === 0) return inflated.at
    if (codec === 'UNCOMPRESSED') {
      if (stored !== size)
        throw new Error(`the page has ${stored} bytes instead of the ${size} that its header says`)
      return input.at + content
    }
    if (codec === 'SNAPPY') {
      const isWhole = arena.kernels.inflateSnappy(input.at + content, stored, inflated.at, size)
      if (!isWhole) throw new Error(`its content is not ${size} bytes that Snappy compressed`)
    } else arena.bytes.set(decompress(codec, bytes.subarray(content), size), inflated.at)
    return inflated.at
  }

  private readFixed(kind: FixedKind, at: number, end: number, count: number, to: number): number {
    const { code, bits } = fixedKinds[kind]
    if (at + Math.ceil((count * bits) / 8) > end) throw new Error('its values end early')
    this.arena.kernels.widen(code, at, count, to)
    return 0
  }

  private readCodes(at: number, end: number, count: number, to: number): number {
    if (count === 0) return 0
    const width = at < end ? this.arena.bytes[at]! : undefined
    if (width === undefined || width > 32) throw new Error(`its codes have ${width} bits`)
    const largest = this.arena.kernels.readRuns(at + 1, end, width, count, to)
    if (largest < 0) throw new Error(runErrors[largest])
    return largest
  }
}
