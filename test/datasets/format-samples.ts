import { buffer } from 'node:stream/consumers'
import { tableFromArrays, tableToIPC } from 'apache-arrow'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { ZipFile } from 'yazl'
import type { UploadForm } from '../../src/datasets/form.js'
import { npy, uint8Npy } from './arrays/npy-file.js'
import { bytes, example, int64 } from './images/examples.js'
import { fixture, idx } from './uploads.js'

/** A small valid upload. */
export interface Sample {
  name: string
  files: Readonly<Record<string, Uint8Array>>
  form: UploadForm
}

const pixels = (length: number) =>
  Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 89) % 251))

const table = `name,size,"weight, kg",is_old\n${Array.from(
  { length: 30 },
  (_, row) => `"${row % 3 ? 'cat' : 'd""og'}",${row},${row / 8},${row % 2 === 0}\n`,
).join('')}`

const classes = uint8Npy([3], Uint8Array.of(0, 1, 1))
const tableHeader = "{'descr': '<f4', 'fortran_order': False, 'shape': (8, 5), }"
const labels = npy(
  "{'descr': '|u1', 'fortran_order': True, 'shape': (8,), }",
  Buffer.alloc(8, 'ab'),
)

/** A zip of deflated files. */
async function zipOf(entries: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const zip = new ZipFile()
  for (const [name, content] of Object.entries(entries)) zip.addBuffer(content, name)
  zip.end()
  return buffer(zip.outputStream)
}

/** Texts, integers and numbers, of which some are missing. */
function typedTables(): Sample[] {
  const rows = Array.from({ length: 40 }, (_, row) => ({
    kind: row % 3 ? 'cat' : 'dog',
    size: row,
    weight: row % 7 ? row / 8 : null,
  }))
  const arrow = tableFromArrays({
    kind: rows.map(({ kind }) => kind),
    size: Int32Array.from(rows, ({ size }) => size),
    weight: Float64Array.from(rows, ({ weight }) => weight ?? Number.NaN),
  })
  const parquet = parquetWriteBuffer({
    columnData: [
      { name: 'kind', data: rows.map(({ kind }) => kind), type: 'STRING' },
      { name: 'size', data: rows.map(({ size }) => size), type: 'INT32' },
      { name: 'weight', data: rows.map(({ weight }) => weight), type: 'DOUBLE', nullable: true },
    ],
  })
  const json = rows.map(row => JSON.stringify(row)).join('\n')
  return [
    { name: 'Parquet', files: { a: Buffer.from(parquet) }, form: {} },
    { name: 'Arrow file', files: { a: tableToIPC(arrow, 'file') }, form: {} },
    { name: 'Arrow stream', files: { a: tableToIPC(arrow, 'stream') }, form: {} },
    { name: 'JSON Lines', files: { a: Buffer.from(json) }, form: {} },
    { name: 'JSON list', files: { a: Buffer.from(JSON.stringify(rows)) }, form: {} },
  ]
}

/** A BMP of 24 bits, rows from below. */
function bmp(height: number, width: number): Buffer {
  const file = Buffer.alloc(54 + height * width * 3)
  file.write('BM', 'latin1')
  file.writeUInt32LE(file.length, 2)
  file.writeUInt32LE(54, 10)
  file.writeUInt32LE(40, 14)
  file.writeInt32LE(width, 18)
  file.writeInt32LE(height, 22)
  file.writeUInt16LE(1, 26)
  file.writeUInt16LE(24, 28)
  pixels(height * width * 3).copy(file, 54)
  return file
}

/** One or more of each format that is read. */
export async function samplesOfFormats(): Promise<Sample[]> {
  const raw = Buffer.concat(
    [0, 1, 2].map(label =>
      example({
        image: bytes(pixels(64)),
        ...{ label: int64(label), height: int64(8), width: int64(8), depth: int64(1) },
      }),
    ),
  )
  return [
    {
      name: 'IDX',
      files: { i: idx([3, 4, 4], pixels(48)), l: idx([3], Uint8Array.of(0, 1, 0)) },
      form: {},
    },
    { name: 'TFRecord of raw pixels', files: { a: raw }, form: {} },
    { name: 'NPY', files: { 'a.npy': npy(tableHeader, pixels(8 * 5 * 4)) }, form: {} },
    {
      name: 'NPZ',
      files: {
        'a.npz': await zipOf({ 'x.npy': npy(tableHeader, pixels(8 * 5 * 4)), 'y.npy': labels }),
      },
      form: {},
    },
    { name: 'NPY of images', files: { a: uint8Npy([3, 4, 4], pixels(48)), b: classes }, form: {} },
    {
      name: 'CIFAR',
      files: { a: Buffer.concat([Buffer.from([3]), pixels(3072), Buffer.from([9]), pixels(3072)]) },
      form: {},
    },
    { name: 'TFRecord of PNG', files: { a: await fixture('png.tfrecord') }, form: {} },
    { name: 'TFRecord of JPEG', files: { a: await fixture('jpeg-grey.tfrecord') }, form: {} },
    {
      name: 'TFRecord of BMP, of two sizes',
      files: {
        a: Buffer.concat(
          [4, 8].map(side => example({ image: bytes(bmp(side, 4)), label: int64(side % 3) })),
        ),
      },
      form: {},
    },
    { name: 'CSV', files: { 'a.csv': Buffer.from(table) }, form: {} },
    ...typedTables(),
    {
      name: 'zip of images',
      files: {
        a: await zipOf({ 'cat/1.bmp': bmp(4, 4), 'dog/1.bmp': bmp(4, 4), 'dog/2.bmp': bmp(8, 4) }),
      },
      form: {},
    },
    {
      name: 'CSV with a target',
      files: { 'a.csv': Buffer.from(table) },
      form: { target: 'size', schema: '{"name":"category"}' },
    },
  ]
}
