import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { graphInput } from '../../src/datasets/images/encoded/graph-input.js'
import { factValues } from '../../src/graph/ops/standard-image.js'
import { openSession } from '../../src/graph/session.js'
import { filesSignature } from '../../src/training/serving.js'
import { needsDataWitnesses, runPython } from '../../testing/data-witnesses.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { publishNetwork } from '../serving/pool/small-network.js'
import { runtime } from './reference-job.js'

const savePictures = `
import sys, numpy
from PIL import Image
y, x = numpy.mgrid[0:17, 0:23]
waves = [127 + 90 * numpy.sin(x / 5 + c) + 35 * numpy.cos(y / (3 + c)) for c in range(3)]
picture = Image.fromarray(numpy.stack(waves, -1).clip(0, 255).astype('uint8'))
exif = Image.Exif()
exif[0x0112] = 6
for mode in ('RGB', 'L'):
    for kind in ('png', 'jpeg', 'webp', 'gif', 'bmp'):
        picture.convert(mode).save(f'{sys.argv[1]}/{mode}.{kind}')
picture.save(f'{sys.argv[1]}/turned.jpeg', exif=exif)
`

const folder = await tempFolder({ after })

test(
  'the SavedModel predicts from a batch of image files as from their pixels, but turns none',
  needsDataWitnesses,
  async t => {
    await runPython(savePictures, folder)
    const names = (await readdir(folder)).filter(name => name.includes('.')).sort()
    assert.equal(names.length, 11)
    const files = await Promise.all(names.map(name => readFile(join(folder, name))))
    const session = await openSession(runtime, (await publishNetwork(folder, 'net', 3)).folder)
    t.after(() => session.close())
    const predicted = session.run(filesSignature, { files: { data: files, shape: [files.length] } })
    const [logits, probabilities] = ['logits', 'probabilities'].map(name => predicted.floats(name))
    const classes = logits!.length / files.length

    for (const [i, file] of files.entries()) {
      const { contents, facts } = graphInput(file, 3)
      const data = factValues({ ...facts, orientation: 1 })
      const image = session
        .run('decode', { file: contents, facts: { data, shape: [data.length] } })
        .get('image')
      const images = { data: image.data as Float32Array, shape: [1, ...image.shape] }
      const expected = session.run('serving_default', { images })
      for (const [name, values] of [
        ['logits', logits!],
        ['probabilities', probabilities!],
      ] as const) {
        const row = values.subarray(i * classes, (i + 1) * classes)
        for (const [c, value] of expected.floats(name).entries()) {
          const distance = Math.abs(row[c]! - value)
          assert.ok(
            distance <= 1e-5 * Math.max(1, Math.abs(value)),
            `${names[i]}: ${name} ${c} is ${row[c]}, from pixels ${value}`,
          )
        }
      }
    }
  },
)
