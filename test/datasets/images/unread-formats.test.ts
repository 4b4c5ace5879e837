import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { needsDataWitnesses, runPython } from '../../../testing/data-witnesses.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { zipFile } from '../archives/zip-writer.js'
import { convertFiles } from '../convert-files.js'

const root = await tempFolder({ after })

const write = `
import sys
from PIL import Image
image = Image.new("RGB", (16, 16), "red")
for name, options in {"plain": {}, "packed": {"compression": "tiff_lzw"}, "big": {"big_tiff": True}}.items():
    image.save(f"{sys.argv[1]}/{name}.tif", **options)
`

test(
  'a TIFF is refused with its place and the cure, alone and in an archive',
  needsDataWitnesses,
  async () => {
    await runPython(write, root)
    const message = 'the image is a TIFF image, which is not read: convert it to PNG'
    for (const name of ['plain', 'packed', 'big']) {
      const content = readFileSync(join(root, `${name}.tif`))
      const zip = zipFile(['a/1.tif', 'b/2.tif'].map(path => ({ name: path, content })))
      await assert.rejects(convertFiles(root, { 'a.zip': zip }), {
        code: 'DATASET_IMAGE',
        message: `a.zip: a/1.tif: ${message}; a.zip: b/2.tif: ${message}`,
      })
      await assert.rejects(convertFiles(root, { 'x/1.tif': content, 'y/2.tif': content }), {
        code: 'DATASET_IMAGE',
      })
    }
  },
)
