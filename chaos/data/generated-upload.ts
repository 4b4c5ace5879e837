// Uploads of any size, made while they are sent: nothing of them is kept.
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { crc32 } from '@node-rs/crc32'
import { PNG } from 'pngjs'
import { ZipFile } from 'yazl'

export type UploadKind = 'idx' | 'zip' | 'csv'
export const uploadKinds: readonly UploadKind[] = ['idx', 'zip', 'csv']

export interface GeneratedFile {
  name: string
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

const chunkBytes = 2 ** 20
const classes = 10

/** Pixels, or cells, that repeat after this many bytes, at another offset each time. */
const noise = randomBytes(4 * chunkBytes)

const side = 64
const pngSide = 224
/** Different images of the zip. Each of its entries has its own text chunk. */
const pngs = 64

/** `bytes`: of all files together, about. */
export function generateUpload(kind: UploadKind, bytes: number): GeneratedFile[] {
  if (kind === 'idx') return idxPair(Math.floor(bytes / (side * side)))
  if (kind === 'zip') return [{ name: 'images.zip', chunks: zipOfImages(bytes) }]
  return [{ name: 'table.csv', chunks: csvTable(bytes) }]
}

function idxPair(records: number): GeneratedFile[] {
  return [
    { name: 'images', chunks: idx([records, side, side], noiseOf(records * side * side)) },
    { name: 'labels', chunks: idx([records], labelsOf(records)) },
  ]
}

function* idx(sizes: readonly number[], elements: Iterable<Uint8Array>): Generator<Uint8Array> {
  const header = Buffer.alloc(4 + 4 * sizes.length)
  header.writeUInt16BE(0x0800 + sizes.length, 2)
  for (const [axis, size] of sizes.entries()) header.writeUInt32BE(size, 4 + 4 * axis)
  yield header
  yield* elements
}

function* noiseOf(bytes: number): Generator<Uint8Array> {
  for (let done = 0, chunk = 0; done < bytes; chunk++) {
    const length = Math.min(chunkBytes, bytes - done)
    const from = (chunk * 7919) % (noise.length - chunkBytes)
    yield noise.subarray(from, from + length)
    done += length
  }
}

function* labelsOf(records: number): Generator<Uint8Array> {
  for (let first = 0; first < records; first += chunkBytes) {
    const length = Math.min(chunkBytes, records - first)
    yield Uint8Array.from({ length }, (_, at) => (first + at) % classes)
  }
}

/** A folder for each class, of PNG files that do not compress. */
async function* zipOfImages(bytes: number): AsyncGenerator<Uint8Array> {
  const images = Array.from({ length: pngs }, (_, image) => noisePng(image))
  const zip = new ZipFile()
  const options = { compress: false, mtime: new Date(0), mode: 0o100644 }
  const add = function* () {
    for (let done = 0, entry = 0; done < bytes; entry++) {
      const image = images[entry % pngs]!
      // yazl keeps what it is given of every entry: so a function, and no bytes
      zip.addReadStreamLazy(`class-${entry % classes}/${entry}.png`, options, send => {
        send(null, Readable.from([withText(image, String(entry))]))
      })
      done += image.length
      yield
    }
    zip.end()
  }
  const adding = add()
  adding.next()
  const ahead = 64
  // yazl keeps what was added and not read yet
  for (let entry = 1; entry < ahead; entry++) adding.next()
  let sent = 0
  for await (const chunk of zip.outputStream as AsyncIterable<Buffer>) {
    yield chunk
    sent += chunk.length
    for (; sent > images[0]!.length; sent -= images[0]!.length) adding.next()
  }
}

function noisePng(image: number): Buffer {
  const png = new PNG({ width: pngSide, height: pngSide })
  const from = image * 997
  png.data.set(noise.subarray(from, from + png.data.length))
  return PNG.sync.write(png, { colorType: 2, deflateLevel: 1 })
}

/** The PNG with another text before its end, so that no two files are equal. */
function withText(png: Buffer, text: string): Buffer {
  const data = Buffer.from(`tEXtComment\0${text}`, 'latin1')
  const chunk = Buffer.alloc(data.length + 8)
  chunk.writeUInt32BE(data.length - 4, 0)
  data.copy(chunk, 4)
  chunk.writeUInt32BE(crc32(data), data.length + 4)
  const end = png.length - 12
  return Buffer.concat([png.subarray(0, end), chunk, png.subarray(end)])
}

/** Integers, numbers, a category and a target. */
function* csvTable(bytes: number): Generator<Uint8Array> {
  yield Buffer.from('id,a,b,c,d,kind,target\n')
  for (let done = 0, row = 0; done < bytes; ) {
    const lines: string[] = []
    for (let length = 0; length < chunkBytes; row++) {
      const at = (row * 4) % (noise.length - 4)
      const value = noise.readInt32LE(at)
      const line = `${row},${value},${value / 1000},${row % 977},${(value % 1e5) / 7},kind ${row % classes},${row % 2}\n`
      lines.push(line)
      length += line.length
    }
    const chunk = Buffer.from(lines.join(''))
    yield chunk
    done += chunk.length
  }
}
