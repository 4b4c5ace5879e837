import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zip } from '../../src/formats/zip.js'
import { bytesOf, openZip, unzip } from './unzip.js'

test('another reader finds the files, with names of any language', async () => {
  const files = [
    { name: 'train/Mäuse/0.png', content: Buffer.from('first') },
    { name: 'train/猫/1.png', content: Buffer.from('') },
    { name: 'a.txt', content: Buffer.from('x'.repeat(100_000)) },
  ]
  const found = await unzip(await bytesOf(zip(files)))
  assert.deepEqual(
    [...found],
    files.map(({ name, content }) => [name, content]),
  )
})

test('an archive without files is valid, and so is one with more than 16 bits can count', async () => {
  assert.equal((await unzip(await bytesOf(zip([])))).size, 0)
  function* many() {
    for (let i = 0; i < 70_000; i++) yield { name: `${i}`, content: Buffer.from(`${i}`) }
  }
  assert.equal((await openZip(await bytesOf(zip(many())))).entryCount, 70_000)
})

test('equal files have equal archives', async () => {
  const files = [{ name: 'a', content: Buffer.from('b') }]
  assert.deepEqual(await bytesOf(zip(files)), await bytesOf(zip(files)))
})
