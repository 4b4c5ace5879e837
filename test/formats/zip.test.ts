import assert from 'node:assert/strict'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { type Entry, fromBuffer, type ZipFile } from 'yauzl'
import { zip } from '../../src/formats/zip.js'

async function bytesOf(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const part of parts) chunks.push(part)
  return Buffer.concat(chunks)
}

/** The files that another reader finds, with their contents. */
async function unzip(archive: Buffer): Promise<[name: string, content: string][]> {
  const open = promisify(
    fromBuffer as (
      bytes: Buffer,
      options: object,
      done: (error: Error | null, file: ZipFile) => void,
    ) => void,
  )
  const file = await open(archive, { lazyEntries: false, autoClose: true })
  const entries: Entry[] = []
  file.on('entry', (entry: Entry) => entries.push(entry))
  await new Promise((resolve, reject) => file.once('end', resolve).once('error', reject))
  const files: [string, string][] = []
  for (const entry of entries) {
    const stream = await promisify(
      file.openReadStream.bind(file) as (
        e: Entry,
        done: (error: Error | null, stream: NodeJS.ReadableStream) => void,
      ) => void,
    )(entry)
    const content = await bytesOf(stream as AsyncIterable<Uint8Array>)
    files.push([entry.fileName, content.toString()])
  }
  return files
}

test('another reader finds the files, with names of any language', async () => {
  const files = [
    { name: 'train/Mäuse/0.png', content: Buffer.from('first') },
    { name: 'train/猫/1.png', content: Buffer.from('') },
    { name: 'a.txt', content: Buffer.from('x'.repeat(100_000)) },
  ]
  const found = await unzip(await bytesOf(zip(files)))
  assert.deepEqual(
    found,
    files.map(({ name, content }) => [name, content.toString()]),
  )
})

test('an archive without files is valid, and so is one with more than 16 bits can count', async () => {
  assert.deepEqual(await unzip(await bytesOf(zip([]))), [])
  function* many() {
    for (let i = 0; i < 70_000; i++) yield { name: `${i}`, content: Buffer.from(`${i}`) }
  }
  const archive = await bytesOf(zip(many()))
  const open = promisify(
    fromBuffer as (
      bytes: Buffer,
      options: object,
      done: (error: Error | null, file: ZipFile) => void,
    ) => void,
  )
  const file = await open(archive, { lazyEntries: true })
  assert.equal(file.entryCount, 70_000)
})

test('equal files have equal archives', async () => {
  const files = [{ name: 'a', content: Buffer.from('b') }]
  assert.deepEqual(await bytesOf(zip(files)), await bytesOf(zip(files)))
})
