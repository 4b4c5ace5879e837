// What the process that explains does with a published network.
import assert from 'node:assert/strict'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { PNG } from 'pngjs'
import { explanationMethods } from '../../src/spec/explanation.js'
import type { ImageExplanationTask } from '../../src/spec/ipc-messages.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { ExplainingModel } from '../../workers/prediction/explaining-model.js'
import { publishNetwork } from '../serving/pool/small-network.js'
import { images, reference, runtime } from '../training/reference-job.js'

const folder = await tempFolder({ after })
const served = await publishNetwork(folder, 'v1/saved_model', 3)
const { classes } = reference
const { height, width, channels, mean, std } = images
const model = {
  kind: 'resnet',
  block: 'plain',
  blocks: 2,
  filters: 8,
  kernel: 3,
  ratio: 4,
} as const
const network = {
  folder: dirname(served.folder),
  model,
  input: { height, width, channels, mean, std },
  resize: 'fill' as const,
  classes,
}
const explaining = await ExplainingModel.open(runtime, network)
after(() => explaining.close())

const explain = (options: Partial<ImageExplanationTask> & Pick<ImageExplanationTask, 'images'>) =>
  explaining.explain({
    ...network,
    ...({ method: 'gradCam', target: null, layer: null, steps: 8 } as const),
    ...({ baseline: 'black', picture: null } as const),
    ...options,
  })

/** A black PNG with a white square of 4 x 4 pixels. */
function squareAt(png: PNG, top: number, left: number): PNG {
  for (let i = 0; i < png.width * png.height; i++) png.data.set([0, 0, 0, 255], 4 * i)
  for (let y = top; y < top + 4; y++) {
    for (let x = left; x < left + 4; x++)
      png.data.fill(255, 4 * (y * png.width + x), 4 * (y * png.width + x) + 3)
  }
  return png
}

/** Adds a chunk after the header of a PNG. */
function withChunk(png: Buffer, type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  crc.writeUInt32BE(crc32(body))
  return Buffer.concat([png.subarray(0, 33), length, body, crc, png.subarray(33)])
}

/** Says that the image is to be turned by an EXIF orientation. */
const turnedBy = (png: Buffer, orientation: number) =>
  withChunk(
    png,
    'eXIf',
    // a TIFF with one directory of one entry: the tag 0x112, one short
    Buffer.from(
      `4d4d002a00000008000101120003000000010${orientation.toString(16).padStart(3, '0')}000000000000`,
      'hex',
    ),
  )

const stored = () => PNG.sync.write(squareAt(new PNG({ height: 24, width: 48 }), 14, 30))
const placements = [
  { what: 'a file', file: stored(), size: [24, 48], top: 14, left: 30 },
  // the first row is on the right, so the square is 24 − 18 pixels from the left
  { what: 'a turned file', file: turnedBy(stored(), 6), size: [48, 24], top: 30, left: 6 },
] as const
for (const { what, file, size, top, left } of placements)
  test(`a map lies on ${what} as \`source\` says`, () => {
    // attributions are 0 where the image equals the baseline
    const [image] = explain({
      method: 'integratedGradients',
      images: { kind: 'images', files: [file] },
    }).images
    const { source, values } = image!
    const scale = Math.max(height / size[0], width / size[1])
    assert.deepEqual([source!.height, source!.width], size)
    assert.deepEqual(source!.scale, [scale, scale])
    assert.deepEqual(source!.offset, [
      (height - size[0] * scale) / 2,
      (width - size[1] * scale) / 2,
    ])
    const marked = [...values.keys()].filter(i => Math.abs(values[i]!) > 1e-3)
    assert.ok(marked.length > 0)
    const position = (from: number, axis: 0 | 1) =>
      source!.scale[axis]! * from + source!.offset[axis]!
    // smoothing reaches one pixel further
    for (const i of marked) {
      const [row, column] = [Math.floor(i / width), i % width]
      assert.ok(row >= position(top, 0) - 2 && row < position(top + 4, 0) + 1, `row ${row}`)
      assert.ok(column >= position(left, 1) - 2 && column < position(left + 4, 1) + 1, `${column}`)
    }
  })

test('a file that is damaged after its header is refused as by predictions', () => {
  const file = stored()
  assert.throws(() => explain({ images: { kind: 'images', files: [file.subarray(0, 60)] } }), {
    code: 'UNDECODABLE_IMAGE',
  })
})

const pixels = (count: number) => {
  const size = height * width * channels
  const data = Float32Array.from({ length: count * size }, (_, i) => (i * 37) % 256)
  return { kind: 'pixels', data, shape: [count, height, width, channels] } as const
}
const twoImages = () => ({
  ...pixels(2),
  shape: [2, height, width, channels] as [number, number, number, number],
})

test('by default, the class that each image is predicted as is explained, by the last feature map', () => {
  const { images: explained, layer, layers } = explain({ images: twoImages() })
  assert.deepEqual(layer, layers.at(-1))
  assert.equal(layer?.name, 'resnet/conv_top')
  assert.equal(explained.length, 2)
  for (const { logits, target, source, completeness, values } of explained) {
    assert.equal(target, logits.indexOf(Math.max(...logits)))
    assert.deepEqual([source, completeness], [null, null])
    assert.ok(values.every(value => value >= 0 && value <= 1))
    assert.equal(Math.max(...values), 1)
  }
})

test('another class and another layer have other maps', () => {
  const mapOf = (target: number, layer: string | null) =>
    explain({ images: twoImages(), target, layer }).images[0]!.values
  const [first, second, third] = [mapOf(0, null), mapOf(1, null), mapOf(0, 'resnet/unit_1')]
  assert.notDeepEqual(first, second)
  assert.notDeepEqual(first, third)
})

test('an unknown layer explains nothing, and the answer has those that there are', () => {
  const { images: explained, layer, layers } = explain({ images: twoImages(), layer: 'conv9' })
  assert.deepEqual([explained, layer], [[], null])
  assert.deepEqual(
    layers.filter(({ name }) => !name.includes('unit_')).map(({ name }) => name),
    ['resnet/conv_0', 'resnet/conv_top'],
  )
})

for (const picture of ['heatMap', 'overlay'] as const) {
  for (const method of explanationMethods.slice(0, 2) as ['gradCam', 'integratedGradients']) {
    test(`the ${picture} of ${method} is a PNG of the size of the map`, () => {
      const [image] = explain({ images: twoImages(), method, picture }).images
      const png = PNG.sync.read(Buffer.from(image!.picture!))
      assert.deepEqual([png.height, png.width], [height, width])
      assert.ok(new Set(png.data).size > 4, 'it has colours')
    })
  }
}

test('pixels outside of 0 to 255 are drawn as the nearest that there are', () => {
  const overlayOf = (value: number) => {
    const data = new Float32Array(height * width * channels).fill(value)
    const shape: [number, number, number, number] = [1, height, width, channels]
    const [image] = explain({ images: { kind: 'pixels', data, shape }, picture: 'overlay' }).images
    return PNG.sync.read(Buffer.from(image!.picture!))
  }
  // half of each pixel is the colour of the map, from 1 to 253
  assert.ok(overlayOf(700).data.every(value => value >= 127))
  assert.ok(overlayOf(-700).data.every((value, i) => i % 4 === 3 || value <= 127))
})

test('a version whose weights are of another network cannot be explained', async () => {
  const other = { ...network, model: { ...model, blocks: 3 } }
  await assert.rejects(ExplainingModel.open(runtime, other), {
    code: 'NOT_EXPLAINABLE',
    message: /no variable resnet\/unit_3\//,
  })
  const nowhere = { ...network, folder: join(folder, 'nowhere') }
  await assert.rejects(ExplainingModel.open(runtime, nowhere), { code: 'NOT_EXPLAINABLE' })
})
