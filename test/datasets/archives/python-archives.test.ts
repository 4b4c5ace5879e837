import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openArchive } from '../../../src/datasets/archives/open-archive.js'
import { FileProblems } from '../../../src/datasets/file-problems.js'
import { InputFile } from '../../../src/datasets/input-file.js'
import { defaultLimits } from '../../../src/datasets/limits.js'
import { needsDataWitnesses, runPython } from '../../../testing/data-witnesses.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { pngOf, type ReadTree, readTree } from './trees.js'

const root = await tempFolder({ after })

/** Writes the same images into archives of every form that the standard library has. */
const program = `
import io, json, sys, tarfile, zipfile
folder, image = sys.argv[1], bytes.fromhex(sys.argv[2])
long = 'd/' + '/'.join(['folder-of-a-long-name'] * 12) + '/'
names = ['a/1.png', 'b/2.png', 'k\\u00e4fer/3.png']
contents = {name: image + str(at).encode() for at, name in enumerate(names)}

class Pipe(io.RawIOBase):
    """Cannot seek, so that zipfile writes descriptors after the data."""
    def __init__(self, file): self.file = file
    def writable(self): return True
    def write(self, data): return self.file.write(data)

for method, kind in [('stored', zipfile.ZIP_STORED), ('deflated', zipfile.ZIP_DEFLATED), ('bzip2', zipfile.ZIP_BZIP2), ('lzma', zipfile.ZIP_LZMA)]:
    with zipfile.ZipFile(f'{folder}/{method}.zip', 'w', kind) as z:
        for name, content in contents.items(): z.writestr(name, content)
with open(f'{folder}/streamed.zip', 'wb') as f, zipfile.ZipFile(Pipe(f), 'w', zipfile.ZIP_DEFLATED) as z:
    for name, content in contents.items(): z.writestr(name, content)
with zipfile.ZipFile(f'{folder}/zip64.zip', 'w') as z:
    for name, content in contents.items():
        with z.open(name, 'w', force_zip64=True) as f: f.write(content)
for form, kind in [('ustar', tarfile.USTAR_FORMAT), ('gnu', tarfile.GNU_FORMAT), ('pax', tarfile.PAX_FORMAT)]:
    with tarfile.open(f'{folder}/{form}.tar', 'w', format=kind) as t:
        directory = tarfile.TarInfo('a'); directory.type = tarfile.DIRTYPE; t.addfile(directory)
        for name, content in contents.items():
            info = tarfile.TarInfo(name); info.size = len(content); info.mtime = 1.5 if form == 'pax' else 1
            t.addfile(info, io.BytesIO(content))
for form, kind in [('gnu', tarfile.GNU_FORMAT), ('pax', tarfile.PAX_FORMAT)]:
    with tarfile.open(f'{folder}/long-{form}.tar', 'w', format=kind) as t:
        for name in [long + '1.png', long.replace('d/', 'e/') + '2.png']:
            info = tarfile.TarInfo(name); info.size = len(image)
            t.addfile(info, io.BytesIO(image))
with zipfile.ZipFile(f'{folder}/many.zip', 'w') as z:
    for n in range(66000): z.writestr(f'{n % 2}/{n}.png', b'')
`

before(async () => {
  if (!needsDataWitnesses.skip) await runPython(program, root, pngOf(1).toString('hex'))
})

const read = (name: string): Promise<ReadTree> =>
  readTree(root, { [name]: readFileSync(join(root, name)) })

test('zip and tar archives of Python are read', needsDataWitnesses, async () => {
  const names = [
    'stored.zip',
    'deflated.zip',
    'streamed.zip',
    'zip64.zip',
    'ustar.tar',
    'gnu.tar',
    'pax.tar',
  ]
  for (const name of names) {
    const { images, classNames } = await read(name)
    assert.deepEqual(classNames, ['a', 'b', 'k\u00e4fer'], name)
    for (const [at, { content }] of images.entries()) {
      assert.deepEqual(content, Buffer.concat([pngOf(1), Buffer.from(String(at))]), name)
    }
  }
  for (const name of ['long-gnu.tar', 'long-pax.tar']) {
    const { images, classNames } = await read(name)
    assert.deepEqual(classNames, ['d', 'e'], name)
    assert.ok(images[0]!.path.length > 256)
  }
})

test('compression by bzip2 and LZMA is refused by name', needsDataWitnesses, async () => {
  for (const [file, name] of [
    ['bzip2.zip', 'bzip2'],
    ['lzma.zip', 'LZMA'],
  ]) {
    const message = new RegExp(`a/1\\.png: the entry is compressed by ${name}, which is not read`)
    await assert.rejects(read(file!), { code: 'DATASET_FORMAT', message })
  }
})

test(
  'the index of more entries than ZIP without ZIP64 can have takes little heap',
  needsDataWitnesses,
  async () => {
    const file = new InputFile('many.zip', join(root, 'many.zip'))
    const before = process.memoryUsage().heapUsed
    const { archive } = await openArchive(file, 'zip', defaultLimits, new FileProblems())
    const grown = process.memoryUsage().heapUsed - before
    file.close()
    assert.deepEqual([archive.count, archive.path(65_999)], [66_000, '1/65999.png'])
    assert.ok(grown < 64 * 2 ** 20, `${grown} bytes`)
  },
)
