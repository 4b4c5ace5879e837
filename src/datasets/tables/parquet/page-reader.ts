import type { CompressionCodec, PageHeader, RowGroup } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { TrainyardError } from '../../../errors.js'
import { fileError } from '../../errors.js'
import type { Validity } from '../columns/column-batch.js'
import type { ByteSource } from '../csv.js'
import { decompress } from '../decompress.js'
import type { Block } from '../kernels/kernel-arena.js'
import { readLevels, readRuns } from './bit-packing.js'
import type { Converted, LeafType } from './column-type.js'
import type { EncodedPage, PageKernel } from './page-kernel.js'
import { chunkRange, type Leaf } from './parquet-footer.js'
import { type RawValues, readValues } from './plain-values.js'
import { findStructEnd } from './thrift-check.js'

/** The values of some rows that follow each other. Missing ones have no entry among the values. */
export interface Page {
  rows: number
  valid: Validity
  values: Converted | { kind: 'codes'; codes: Int32Array; dictionary: Converted }
  /** Of a page in the memory of the kernels: gives the memory back. */
  release?: () => void
}

/** A page is held in memory. Writers aim at 1 MiB. */
const maxPageBytes = 64 * 2 ** 20
const maxPageValues = 16 * 2 ** 20
const firstHeaderBytes = 256
/** Statistics in a header may have long texts. */
const maxHeaderBytes = 2 ** 20

/** How much the pages of a file may inflate, so that a small one does not take hours. */
export class InflationBudget {
  private inflated = 0

  constructor(
    private readonly file: ByteSource,
    private readonly ratio: number,
  ) {}

  add(bytes: number): void {
    this.inflated += bytes
    if (this.inflated <= maxPageBytes + this.ratio * this.file.size) return
    const detail = `the pages inflate to more than ${this.ratio} times the file`
    throw fileError('DATASET_TOO_LARGE', { file: this.file.name }, detail)
  }
}

/** Reads the pages of one column in one row group. */
export class PageReader {
  private at: number
  private readonly end: number
  private rowsLeft: number
  private dictionary: Converted | null = null
  private readonly blocks: Block[] = []

  /** `kernel`: null to decode all pages without it. */
  constructor(
    private readonly file: ByteSource,
    private readonly leaf: Leaf,
    private readonly type: LeafType,
    private readonly rowGroup: RowGroup,
    private readonly budget: InflationBudget,
    private readonly kernel: PageKernel | null,
  ) {
    const { start, end } = chunkRange(rowGroup, leaf)
    this.at = start
    this.end = end
    this.rowsLeft = Number(rowGroup.num_rows)
  }

  /** Returns null after the last row. */
  next(): Page | null {
    while (this.rowsLeft > 0) {
      const start = this.at
      try {
        const page = this.readPage()
        if (!page) continue
        if (page.rows > this.rowsLeft) throw new Error(`it has ${page.rows} rows too many`)
        this.rowsLeft -= page.rows
        return page
      } catch (error) {
        if (error instanceof TrainyardError) throw error
        const { message } = error as Error
        const place = { file: this.file.name, byte: start }
        const detail = `column '${this.leaf.name}': the page cannot be read: ${message}`
        throw fileError('DATASET_FORMAT', place, detail, error)
      }
    }
    return null
  }

  /** After the last page. Its dictionaries are not used any more. */
  close(): void {
    for (const block of this.blocks.splice(0)) this.kernel?.arena.give(block)
  }

  /** Returns null if it was no page of data. */
  private readPage(): Page | null {
    if (this.at >= this.end) throw new Error(`${this.rowsLeft} rows of the column have no page`)
    const header = this.readHeader()
    const { compressed_page_size: stored, uncompressed_page_size: size } = header
    if (!(stored >= 0 && stored <= this.end - this.at)) {
      throw new Error(`it is said to take ${stored} bytes, of ${this.end - this.at} that are left`)
    }
    if (!(size >= 0 && size <= maxPageBytes)) {
      throw new Error(`it is said to inflate to ${size} bytes, more than ${maxPageBytes}`)
    }
    this.budget.add(size)
    const bytes = this.kernel?.load(this.file, this.at, stored) ?? this.file.read(this.at, stored)
    this.at += stored
    switch (header.type) {
      case 'DICTIONARY_PAGE':
        this.dictionary = this.readDictionary(header, bytes)
        return null
      case 'DATA_PAGE':
        return this.readDataPage(header, bytes)
      case 'DATA_PAGE_V2':
        return this.readDataPageV2(header, bytes)
      default:
        return null
    }
  }

  private readHeader(): PageHeader {
    for (let length = firstHeaderBytes; ; length *= 8) {
      const bytes = this.file.read(this.at, Math.min(length, this.end - this.at))
      const end = findStructEnd(bytes)
      if (end >= 0) {
        this.at += end
        const copy = new Uint8Array(bytes.subarray(0, end))
        return parquetHeader({ view: new DataView(copy.buffer), offset: 0 })
      }
      if (bytes.length === this.end - this.at || length >= maxHeaderBytes)
        throw new Error('its header ends early')
    }
  }

  /** Returns bytes that later reads leave alone, unlike the given ones. */
  private inflate(bytes: Uint8Array, length: number): Uint8Array {
    const { codec } = this
    return decompress(codec, codec === 'UNCOMPRESSED' ? new Uint8Array(bytes) : bytes, length)
  }

  private get codec(): CompressionCodec {
    return this.rowGroup.columns[this.leaf.chunk]!.meta_data!.codec
  }

  private readDictionary(header: PageHeader, bytes: Uint8Array): Converted {
    const count = header.dictionary_page_header?.num_values ?? -1
    checkCount(count)
    const page = this.inflate(bytes, header.uncompressed_page_size)
    const { physical, length } = this.type
    const values = this.type.convert(readValues('PLAIN', physical, length, page, 0, count))
    return values.kind === 'numbers' && this.type.fixed ? this.inArena(values) : values
  }

  /** Numbers where the kernels find them, if there is room. */
  private inArena(numbers: Converted & { kind: 'numbers' }): Converted {
    const { arena } = this.kernel ?? {}
    const block = arena?.take(8 * numbers.values.length)
    if (!arena || !block) return numbers
    this.blocks.push(block)
    const values = arena.float64(block.at, numbers.values.length)
    values.set(numbers.values as Float64Array)
    return { kind: 'numbers', values }
  }

  /** Returns null if the page is not one for the kernels. */
  private readByKernel(
    encoding: string,
    page: Pick<EncodedPage, 'bytes' | 'levels' | 'content' | 'codec' | 'size' | 'rows'>,
  ): Page | null {
    const { kernel, dictionary, type } = this
    const { isOptional } = this.leaf
    const hasCodes = isDictionaryEncoding(encoding)
    if (!kernel || (hasCodes ? !dictionary : encoding !== 'PLAIN' || !type.fixed)) return null
    const found = kernel.read({ ...page, isOptional, hasCodes }, hasCodes ? null : type.fixed)
    if (!found) return null
    const { at, present, validAt, largest, release } = found
    const { rows } = page
    const valid = validAt > 0 ? kernel.arena.uint8(validAt, rows) : null
    if (!hasCodes) {
      const values = kernel.arena.float64(at, present)
      return { rows, valid, values: { kind: 'numbers', values }, release }
    }
    checkCode(largest, present, dictionary!)
    const codes = kernel.arena.int32(at, present)
    return { rows, valid, values: { kind: 'codes', codes, dictionary: dictionary! }, release }
  }

  private readDataPage(header: PageHeader, bytes: Uint8Array): Page {
    const data = header.data_page_header
    if (!data) throw new Error('it has no header of a data page')
    const rows = data.num_values
    checkCount(rows)
    if (this.leaf.isOptional && data.definition_level_encoding !== 'RLE')
      throw new Error(`its levels have the encoding ${data.definition_level_encoding}`)
    const { codec } = this
    const size = header.uncompressed_page_size
    const encoded = { bytes, levels: null, content: 0, codec, size, rows }
    const found = this.readByKernel(data.encoding, encoded)
    if (found) return found
    const page = this.inflate(bytes, size)
    let start = 0
    let valid: Validity = null
    if (this.leaf.isOptional) {
      if (page.length < 4) throw new Error('its levels end early')
      const view = new DataView(page.buffer, page.byteOffset, page.byteLength)
      const length = view.getUint32(0, true)
      if (length > page.length - 4) throw new Error('its levels end early')
      start = 4 + length
      valid = readLevels(page, 4, start, rows)
    }
    return this.decode(data.encoding, page, start, rows, valid)
  }

  private readDataPageV2(header: PageHeader, bytes: Uint8Array): Page {
    const data = header.data_page_header_v2
    if (!data) throw new Error('it has no header of a data page')
    const {
      num_values: rows,
      definition_levels_byte_length: definition,
      repetition_levels_byte_length: repetition,
    } = data
    checkCount(rows)
    const levelBytes = definition + repetition
    if (!(definition >= 0 && repetition >= 0 && levelBytes <= bytes.length))
      throw new Error('its levels end early')
    const size = header.uncompressed_page_size - levelBytes
    if (size < 0) throw new Error('its levels are longer than the page')
    const levels = { start: repetition, end: levelBytes }
    const codec = data.is_compressed === false ? 'UNCOMPRESSED' : this.codec
    const encoded = { bytes, levels, content: levelBytes, codec, size, rows } as const
    const found = this.readByKernel(data.encoding, encoded)
    if (found) return found
    const valid = this.leaf.isOptional ? readLevels(bytes, repetition, levelBytes, rows) : null
    const rest = bytes.subarray(levelBytes)
    const page = data.is_compressed === false ? new Uint8Array(rest) : this.inflate(rest, size)
    return this.decode(data.encoding, page, 0, rows, valid)
  }

  private decode(
    encoding: string,
    page: Uint8Array,
    start: number,
    rows: number,
    valid: Validity,
  ): Page {
    const present = valid === null ? rows : countPresent(valid)
    if (isDictionaryEncoding(encoding)) {
      if (!this.dictionary) throw new Error('its dictionary is missing')
      const codes = readCodes(page, start, present, this.dictionary)
      return { rows, valid, values: { kind: 'codes', codes, dictionary: this.dictionary } }
    }
    const { physical, length, convert } = this.type
    const raw: RawValues = readValues(encoding as 'PLAIN', physical, length, page, start, present)
    return { rows, valid, values: convert(raw) }
  }
}

function checkCount(count: number): void {
  if (count >= 0 && count <= maxPageValues) return
  throw new Error(`it is said to have ${count} values, expected at most ${maxPageValues}`)
}

function countPresent(valid: Uint8Array): number {
  let present = 0
  for (let row = 0; row < valid.length; row++) present += valid[row]!
  return present
}

const isDictionaryEncoding = (encoding: string) =>
  encoding === 'RLE_DICTIONARY' || encoding === 'PLAIN_DICTIONARY'

function checkCode(largest: number, count: number, dictionary: Converted): void {
  const size = sizeOf(dictionary)
  if (count > 0 && largest >= size) throw new Error(`it has code ${largest} of ${size} values`)
}

function readCodes(
  page: Uint8Array,
  start: number,
  count: number,
  dictionary: Converted,
): Int32Array {
  if (count === 0) return new Int32Array(0)
  const width = page[start]
  if (width === undefined || width > 32) throw new Error(`its codes have ${width} bits`)
  const codes = readRuns(page, start + 1, page.length, width, count)
  let largest = 0
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]! >>> 0
    if (code > largest) largest = code
  }
  checkCode(largest, count, dictionary)
  return codes
}

export const sizeOf = (values: Converted): number =>
  values.kind === 'numbers' ? values.values.length : values.texts.offsets.length - 1
