import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { after, test } from 'node:test'
import * as fc from 'fast-check'
import { pack } from 'tar-stream'
import { TrainyardError } from '../../../src/errors.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { tarFile } from './tar-writer.js'
import { describeImages, pngOf, readTree } from './trees.js'
import { zipFile } from './zip-writer.js'

const root = await tempFolder({ after })

const numRuns = Number(process.env.TRAINYARD_FUZZ_RUNS ?? 150)

/** Reads bytes as an archive. Rejects unless it is read, or refused as data that cannot be used. */
async function attempt(content: Uint8Array): Promise<void> {
  try {
    await readTree(root, { 'a.bin': content })
  } catch (error) {
    const isNoArchive = error instanceof Error && error.message === 'the upload has no images'
    if (!isNoArchive && !(error instanceof TrainyardError && error.kind === 'invalid')) throw error
  }
}

const files = [
  { name: 'a/1.png', content: pngOf(1) },
  { name: 'b/2.png', content: pngOf(2) },
  { name: 'labels.csv', content: 'file,label\n1.png,x\n2.png,y\n' },
]
const archives = [
  zipFile(files),
  zipFile(files.map(file => ({ ...file, method: 0 }))),
  tarFile(files),
]

test('any change of an archive ends in images or in an error that says what is wrong', async () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...archives), changes, async (archive, edits) => {
      const changed = Buffer.from(archive)
      for (const [at, value] of edits) changed[at % changed.length] = value
      await attempt(changed)
    }),
    { numRuns },
  )
})

test('any cut, and any bytes put in, end in images or in an error', async () => {
  const place = fc.double({ min: 0, max: 1, noNaN: true })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...archives),
      ...([place, place, fc.uint8Array({ maxLength: 40 })] as const),
      async (archive, from, to, bytes) => {
        const [start, end] = [from, to]
          .map(at => Math.floor(at * archive.length))
          .sort((a, b) => a - b)
        await attempt(Buffer.concat([archive.subarray(0, start), bytes, archive.subarray(end)]))
      },
    ),
    { numRuns },
  )
})

test('any bytes after a signature end in an error', async () => {
  const signatures = ['PK\x03\x04', 'PK\x05\x06', 'PK\x01\x02'].map(text =>
    Buffer.from(text, 'latin1'),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(
        ...signatures,
        ...signatures.map(each => Buffer.concat([archives[0]!, each])),
      ),
      fc.uint8Array({ maxLength: 400 }),
      async (start, bytes) => attempt(Buffer.concat([start, bytes])),
    ),
    { numRuns },
  )
})

test('what tar-stream writes is read, with any names', async () => {
  const step = fc.stringMatching(/^[a-z\u00e4\u4e2d][a-z0-9 \u00e4\u4e2d]{0,60}[a-z]$/)
  const path = fc.tuple(fc.array(step, { maxLength: 4 }), step)
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(path, { minLength: 1, maxLength: 5, selector: String }),
      async paths => {
        const tar = pack()
        const names = paths.map(
          ([folders, name], at) => `c${at}/${[...folders, name].join('/')}.png`,
        )
        for (const [at, name] of names.entries()) tar.entry({ name }, pngOf(at))
        tar.entry({ name: 'other/1.png' }, pngOf(9))
        tar.finalize()
        const parts: Buffer[] = []
        for await (const part of tar) parts.push(part as Buffer)
        const content = Buffer.concat(parts)
        const expected = [...names, 'other/1.png'].map(name => {
          const normal = name.normalize('NFC')
          return `${normal}: ${normal.split('/')[0]}`
        })
        assert.deepEqual(describeImages(await readTree(root, { 'a.tar': content })), expected)
      },
    ),
    { numRuns: Math.min(numRuns, 50) },
  )
})

test('nothing but the uploads themselves is on the disk', async () => {
  for (const folder of await readdir(root)) assert.match(folder, /^upload-/)
})
