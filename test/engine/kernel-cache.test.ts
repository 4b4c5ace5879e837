import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { KernelCache } from '../../src/engine/kernel-cache.js'
import { tempFolder } from '../../testing/temp-folder.js'

const first = {
  forward: 'product',
  inputGradient: 'convolution',
  filterGradient: 'product',
} as const
const second = { ...first, forward: 'convolution' } as const

test('what was measured first holds for all jobs of a machine', async t => {
  const folder = join(await tempFolder(t), 'not', 'there', 'yet')
  const [one, other] = [new KernelCache(folder), new KernelCache(folder)]
  assert.equal(one.read('float32 a'), undefined)
  assert.deepEqual(one.add('float32 a', first), first)
  assert.deepEqual(other.add('float32 a', second), first)
  assert.deepEqual(other.read('float32 a'), first)
  assert.equal(other.read('float32 b'), undefined)
})

test('a damaged file is measured again and replaced', async t => {
  const folder = await tempFolder(t)
  const cache = new KernelCache(folder)
  cache.add('float32 a', first)
  const [file] = readdirSync(folder)
  for (const damage of ['{"shape": "float32 a", "ker', '{"kernels": {"forward": "magic"}}']) {
    writeFileSync(join(folder, file!), damage)
    assert.equal(cache.read('float32 a'), undefined)
    assert.deepEqual(cache.add('float32 a', second), second)
    assert.deepEqual(cache.read('float32 a'), second)
  }
})

test('a folder that cannot be written costs the next job its time, and nothing else', async t => {
  const folder = join(await tempFolder(t), 'file')
  writeFileSync(folder, '')
  const cache = new KernelCache(folder)
  assert.deepEqual(cache.add('float32 a', first), first)
  assert.equal(cache.read('float32 a'), undefined)
})
