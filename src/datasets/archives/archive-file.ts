import { Readable } from 'node:stream'
import { constants, createInflateRaw, inflateRawSync } from 'node:zlib'
import { crc32 } from '@node-rs/crc32'
import { type FileErrorCode, type FileLocation, fileError, formatChecksum } from '../errors.js'
import type { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import { displayEntry } from './entry-name.js'
import type { EntrySource } from './entry-source.js'
import type { EntryFields, EntryTable } from './entry-table.js'

/** Deflated bytes that are inflated for the first bytes of an entry. */
const headPackedBytes = 1024

const chunkBytes = 256 * 1024

/** Reads the entries of a zip or tar archive whose index has been checked. */
export class ArchiveFile implements EntrySource {
  readonly archive: string
  readonly count: number

  constructor(
    private readonly file: InputFile,
    private readonly entries: EntryTable,
    private readonly limits: DatasetLimits,
  ) {
    this.archive = file.name
    this.count = entries.count
  }

  path(entry: number): string {
    return this.entries.path(entry)
  }

  bytes(entry: number): number {
    return this.entries.bytes(entry)
  }

  location(entry: number): FileLocation {
    return { file: this.file.name, entry: displayEntry(this.path(entry)) }
  }

  head(entry: number, length: number): Buffer {
    const { isDeflated, offset, packedBytes } = this.entries.get(entry)
    if (!isDeflated) return this.file.read(offset, Math.min(length, packedBytes))
    const packed = this.file.read(offset, Math.min(headPackedBytes, packedBytes))
    try {
      const start = inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH })
      return start.subarray(0, length)
    } catch (error) {
      throw this.inflateError(entry, error)
    }
  }

  read(entry: number): Buffer {
    const fields = this.entries.get(entry)
    const { isDeflated, offset, packedBytes, bytes, checksum } = fields
    const { recordBytes } = this.limits
    if (bytes > recordBytes) {
      throw this.error(
        entry,
        'DATASET_TOO_LARGE',
        `${bytes} bytes, expected at most ${recordBytes}`,
      )
    }
    // deflate adds little to what it cannot compress
    if (packedBytes > bytes + bytes / 8 + 1024) throw this.sizeError(entry, fields)
    const packed = this.file.read(offset, packedBytes)
    const content = isDeflated ? this.inflate(entry, packed, fields) : packed
    if (checksum !== null) this.check(entry, crc32(content), checksum)
    return content
  }

  async *chunks(entry: number): AsyncGenerator<Uint8Array> {
    const fields = this.entries.get(entry)
    const { isDeflated, offset, packedBytes, bytes, checksum } = fields
    if (packedBytes === 0) return
    const packed = Readable.from(this.packedChunks(offset, packedBytes))
    const inflate = createInflateRaw()
    const content = isDeflated
      ? packed.on('error', error => inflate.destroy(error)).pipe(inflate)
      : packed
    let [read, sum] = [0, 0]
    try {
      for await (const chunk of content as AsyncIterable<Buffer>) {
        read += chunk.length
        if (read > bytes) throw this.sizeError(entry, fields)
        sum = crc32(chunk, sum)
        yield chunk
      }
    } catch (error) {
      throw this.inflateError(entry, error)
    } finally {
      packed.destroy()
      inflate.destroy()
    }
    if (read !== bytes) throw this.sizeError(entry, fields)
    if (checksum !== null) this.check(entry, sum, checksum)
  }

  private *packedChunks(start: number, length: number): Generator<Buffer> {
    const end = start + length
    for (let at = start; at < end; at += chunkBytes) {
      yield Buffer.from(this.file.read(at, Math.min(chunkBytes, end - at)))
    }
  }

  private inflate(entry: number, packed: Buffer, fields: EntryFields): Buffer {
    const { bytes, packedBytes } = fields
    let content: Buffer
    let consumed: number
    try {
      // with `info`, it also says how many bytes it took
      const result = inflateRawSync(packed, {
        info: true,
        maxOutputLength: Math.max(bytes, 1),
      } as object) as unknown as { buffer: Buffer; engine: { bytesWritten: number } }
      content = result.buffer
      consumed = result.engine.bytesWritten
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_BUFFER_TOO_LARGE')
        throw this.inflateError(entry, error)
      throw this.sizeError(entry, fields)
    }
    if (content.length !== bytes || consumed !== packedBytes) throw this.sizeError(entry, fields)
    return content
  }

  private check(entry: number, found: number, expected: number): void {
    if (found === expected) return
    const detail = `the entry is damaged: its checksum is ${formatChecksum(found)}, expected ${formatChecksum(expected)}`
    throw this.error(entry, 'DATASET_CHECKSUM', detail)
  }

  private sizeError(entry: number, { packedBytes, bytes }: EntryFields) {
    const detail = `the ${packedBytes} bytes of the entry do not inflate to the ${bytes} that the archive says`
    return this.error(entry, 'DATASET_SIZE_MISMATCH', detail)
  }

  private inflateError(entry: number, error: unknown): unknown {
    const code = (error as { code?: string }).code ?? ''
    if (code !== 'Z_DATA_ERROR' && code !== 'Z_BUF_ERROR') return error
    const detail = `the entry is damaged: ${code === 'Z_BUF_ERROR' ? 'its data end early' : (error as Error).message}`
    return this.error(entry, 'DATASET_CHECKSUM', detail, error)
  }

  private error(entry: number, code: FileErrorCode, detail: string, cause?: unknown) {
    return fileError(code, this.location(entry), detail, cause)
  }
}
