import { buffer } from 'node:stream/consumers'
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

/** A zip of arrays, deflated. */
async function npz(entries: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const zip = new ZipFile()
  for (const [name, content] of Object.entries(entries)) zip.addBuffer(content, name)
  zip.end()
  return buffer(zip.outputStream)
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
        'a.npz': await npz({ 'x.npy': npy(tableHeader, pixels(8 * 5 * 4)), 'y.npy': labels }),
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
    { name: 'CSV', files: { 'a.csv': Buffer.from(table) }, form: {} },
    {
      name: 'CSV with a target',
      files: { 'a.csv': Buffer.from(table) },
      form: { target: 'size', schema: '{"name":"category"}' },
    },
  ]
}
