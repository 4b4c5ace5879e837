// A model gets an image file in the form in which the data set holds the same file.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { graphInput } from '../../../src/datasets/images/encoded/graph-input.js'
import { openImageIndex } from '../../../src/datasets/images/image-index.js'
import { decodeExample } from '../../../src/datasets/images/tfrecord/example.js'
import { readRecords } from '../../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { factValues } from '../../../src/graph/ops/standard-image.js'
import type { Session } from '../../../src/graph/session.js'
import type { ImageResize } from '../../../src/spec/dataset.js'
import { buildServingProgram } from '../../../src/training/serving.js'
import { needsDataWitnesses, runPython } from '../../../testing/data-witnesses.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { openGraphSession } from '../../graph/tensorflow.js'
import { convertFiles } from './image-files.js'

const [height, width] = [37, 53]

/** Saves a picture in each format and each orientation, and what Pillow reads from the file. */
const savePictures = `
import io, sys, numpy
from PIL import Image, ImageOps
folder, height, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
y, x = numpy.mgrid[0:height, 0:width]
waves = [127 + 90 * numpy.sin(x / 5 + c) + 35 * numpy.cos(y / (3 + c)) for c in range(3)]
picture = Image.fromarray(numpy.stack(waves, -1).clip(0, 255).astype('uint8'))
undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
suffix = {'PNG': 'png', 'JPEG': 'jpg', 'WEBP': 'webp', 'GIF': 'gif', 'BMP': 'bmp'}
for kind, end in suffix.items():
    for orientation in range(1, 9) if kind in ('PNG', 'JPEG', 'WEBP') else [1]:
        for mode in ('RGB', 'L') if kind != 'WEBP' else ['RGB']:
            stored = picture.convert(mode)
            if undo[orientation] is not None:
                stored = stored.transpose(Image.Transpose(undo[orientation]))
            exif = Image.Exif()
            exif[0x0112] = orientation
            options = {'exif': exif} if orientation > 1 else {}
            name = f'{folder}/{mode}-{orientation}.{end}'
            stored.save(name, kind, **options)
            upright = ImageOps.exif_transpose(Image.open(name)).convert('RGB')
            assert upright.size == (width, height), (name, upright.size)
            open(name + '.pixels', 'wb').write(upright.tobytes())
            stretched = upright.resize((32, 24), Image.Resampling.BILINEAR)
            open(name + '.stretched', 'wb').write(stretched.tobytes())
`

const folder = await tempFolder({ after })

describe('an image file', needsDataWitnesses, () => {
  let files: { name: string; content: Buffer }[] = []

  before(async () => {
    await runPython(savePictures, folder, String(height), String(width))
    const names = (await readdir(folder)).filter(name => !/pixels|stretched/.test(name)).sort()
    files = await Promise.all(
      names.map(async name => ({ name, content: await readFile(join(folder, name)) })),
    )
  })

  const modes = [null, 'fit', 'fill', 'stretch'] as const
  for (const mode of modes) {
    test(`is served as it is stored, ${mode ? `resized by ${mode}` : 'in its own size'}`, async t => {
      const resize = mode && { height: 24, width: 32, mode }
      const set = await convertFiles(await mkdtemp(join(folder, 'set-')), files, resize)
      assert.equal(set.encoding, resize ? 'raw' : 'encoded')
      assert.deepEqual(set.resize ?? null, resize)
      assert.deepEqual(set.formats, { BMP: 2, GIF: 2, JPEG: 16, PNG: 16, WebP: 8 })
      assert.deepEqual(
        set.notes?.map(({ code }) => code).filter(code => code.startsWith('images_')),
        ['images_resized', 'images_converted', 'images_turned', 'images_reencoded'].filter(
          code => code !== (resize ? 'images_reencoded' : 'images_resized'),
        ),
      )
      const session = await servingSession(t, set, resize)
      const plain = await servingSession(t, set, null)
      const together = serveMany(
        session,
        files.map(({ content }) => content),
      )
      let compared = 0
      for (const { source, stored } of await storedImages(set)) {
        const index = files.findIndex(file => `pictures.zip/${file.name}` === source)
        const served = serve(session, files[index]!.content)
        assert.deepEqual(together[index], served, source)
        const expected = set.encoding === 'raw' ? stored : serve(plain, stored)
        assert.deepEqual(Buffer.from(served), Buffer.from(expected), source)
        compared++
      }
      assert.equal(compared, files.length)
    })
  }

  test('has the pixels that Pillow reads, upright', async t => {
    const set = { height, width, channels: 3 as const }
    const session = await servingSession(t, set, null)
    for (const { name, content } of files) {
      const pixels = serve(session, content)
      const witness = await readFile(join(folder, `${name}.pixels`))
      // JPEG and WebP leave the last digits to the decoder
      const difference = meanDifference(pixels, witness)
      const largest = /jpg|webp/.test(name) ? 2 : 0
      assert.ok(difference <= largest, `${name}: ${difference}`)
    }
  })

  test('is resized as by an antialiased bilinear filter', async t => {
    const shape = { height: 24, width: 32, channels: 3 as const }
    const session = await servingSession(t, shape, { ...shape, mode: 'stretch' })
    for (const { name, content } of files.filter(file => /png|bmp/.test(file.name))) {
      const witness = await readFile(join(folder, `${name}.stretched`))
      const pixels = serve(session, content)
      // Pillow rounds twice
      const largest = Math.max(...pixels.map((value, i) => Math.abs(value - witness[i]!)))
      assert.ok(largest <= 1, `${name}: ${largest}`)
    }
  })
})

type Set = Awaited<ReturnType<typeof convertFiles>>

/** The images of the shards with their sources. */
async function storedImages(set: Set): Promise<{ source: string; stored: Uint8Array }[]> {
  const index = await openImageIndex(join(set.folder, set.index!.name))
  const images = []
  const rows = index.rows()
  for (const shard of set.shards) {
    for (const data of readRecords(shard.name, join(set.folder, shard.name))) {
      const { value } = await rows.next()
      images.push({ source: value!.source, stored: Uint8Array.from(decodeExample(data).image) })
    }
  }
  assert.equal((await rows.next()).done, true)
  await index.close()
  return images
}

async function servingSession(
  scope: Parameters<typeof openGraphSession>[0],
  { height, width, channels }: Pick<Set, 'height' | 'width' | 'channels'>,
  resize: ImageResize | null,
): Promise<Session> {
  const perChannel = (value: number) => new Array<number>(channels).fill(value)
  const { graph, signatures } = buildServingProgram({
    model: { kind: 'resnet', block: 'plain', blocks: 2, filters: 8, kernel: 3, ratio: 4 },
    images: {
      ...{ height, width, channels, encoding: 'raw', mean: perChannel(0), std: perChannel(1) },
      ...(resize && { resize }),
    },
    classes: 2,
  })
  const { decode, decode_files } = signatures as Required<typeof signatures>
  return openGraphSession(scope, graph, { decode: decode!, decode_files: decode_files! })
}

function serve(session: Session, file: Uint8Array): Float32Array {
  const { contents, facts } = graphInput(file, 3)
  const data = factValues(facts)
  return session
    .run('decode', { file: contents, facts: { data, shape: [data.length] } })
    .floats('image')
}

function serveMany(session: Session, files: readonly Uint8Array[]): Float32Array[] {
  const inputs = files.map(file => graphInput(file, 3))
  const facts = inputs.flatMap(input => factValues(input.facts))
  const images = session
    .run('decode_files', {
      files: { data: inputs.map(({ contents }) => contents), shape: [files.length] },
      facts: { data: facts, shape: [files.length, facts.length / files.length] },
    })
    .floats('images')
  const size = images.length / files.length
  return files.map((_, i) => images.slice(i * size, (i + 1) * size))
}

function meanDifference(pixels: Float32Array, witness: Buffer): number {
  assert.equal(pixels.length, witness.length)
  return pixels.reduce((sum, value, i) => sum + Math.abs(value - witness[i]!), 0) / pixels.length
}
