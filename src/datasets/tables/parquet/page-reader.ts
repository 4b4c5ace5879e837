import type { PageHeader, RowGroup } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { TrainyardError } from '../../../errors.js'
import { fileError } from '../../errors.js'
import type { Validity } from '../columns/column-batch.js'
import type { ByteSource } from '../csv.js'
import { decompress } from '../decompress.js'
import { readLevels, readRuns } from './bit-packing.js'
import type { Converted, LeafType } from './column-type.js'
import { chunkRange, type Leaf } from './parquet-footer.js'
import { type RawValues, readValues } from './plain-values.js'
import { findStructEnd } from './thrift-check.js'

/** The values of some rows that follow each other. Missing ones have no entry among the values. */
export interface Page {
  rows: number
  valid: Validity
  values: Converted | { kind: 'codes'; codes: Int32Array; dictionary: Converted }
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

  constructor(
    private readonly file: ByteSource,
    private readonly leaf: Leaf,
    private readonly type: LeafType,
    private readonly rowGroup: RowGroup,
    private readonly budget: InflationBudget,
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
    const bytes = this.file.read(this.at, stored)
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
    const { codec } = this.rowGroup.columns[this.leaf.chunk]!.meta_data!
    return decompress(codec, codec === 'UNCOMPRESSED' ? new Uint8Array(bytes) : bytes, length)
  }

  private readDictionary(header: PageHeader, bytes: Uint8Array): Converted {
    const count = header.dictionary_page_header?.num_values ?? -1
    checkCount(count)
    const page = this.inflate(bytes, header.uncompressed_page_size)
    const { physical, length } = this.type
    return this.type.convert(readValues('PLAIN', physical, length, page, 0, count))
  }

  private readDataPage(header: PageHeader, bytes: Uint8Array): Page {
    const data = header.data_page_header
    if (!data) throw new Error('it has no header of a data page')
    const rows = data.num_values
    checkCount(rows)
    const page = this.inflate(bytes, header.uncompressed_page_size)
    let start = 0
    let valid: Validity = null
    if (this.leaf.isOptional) {
      if (data.definition_level_encoding !== 'RLE')
        throw new Error(`its levels have the encoding ${data.definition_level_encoding}`)
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
    const valid = this.leaf.isOptional ? readLevels(bytes, repetition, levelBytes, rows) : null
    const rest = bytes.subarray(levelBytes)
    const size = header.uncompressed_page_size - levelBytes
    if (size < 0) throw new Error('its levels are longer than the page')
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
    if (encoding === 'RLE_DICTIONARY' || encoding === 'PLAIN_DICTIONARY') {
      if (!this.dictionary) throw new Error('its dictionary is missing')
      const codes = readCodes(page, start, present, sizeOf(this.dictionary))
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

function readCodes(page: Uint8Array, start: number, count: number, size: number): Int32Array {
  if (count === 0) return new Int32Array(0)
  const width = page[start]
  if (width === undefined || width > 32) throw new Error(`its codes have ${width} bits`)
  const codes = readRuns(page, start + 1, page.length, width, count)
  let largest = 0
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]! >>> 0
    if (code > largest) largest = code
  }
  if (largest >= size) throw new Error(`it has code ${largest} of ${size} values`)
  return codes
}

export const sizeOf = (values: Converted): number =>
  values.kind === 'numbers' ? values.values.length : values.texts.offsets.length - 1
