import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { TreeCache } from '../../src/serving/tree-cache.js'
import { bytesOf } from '../../src/trees/flat-trees.js'
import { mulberry32 } from '../../testing/random.js'
import { withTempFolder } from '../../testing/temp-folder.js'
import { randomModel } from '../trees/random-model.js'

/** Writes models and returns their folders. */
const writeModels = async (root: string, count: number): Promise<string[]> =>
  Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const folder = join(root, String(i))
      await mkdir(folder)
      const { ubjson } = randomModel('binary:logistic', mulberry32(i), 1)
      await writeFile(join(folder, 'model.ubj'), ubjson)
      return folder
    }),
  )

test('a model is read once, also if several requests wait for it', () =>
  withTempFolder(async root => {
    const [folder] = await writeModels(root, 1)
    const cache = new TreeCache()
    const [one, other] = await Promise.all([cache.open(folder!), cache.open(folder!)])
    assert.ok(one)
    assert.equal(one, other)
    // a model that is in memory needs its file no more, and nobody waits for it
    await rm(folder!, { recursive: true })
    assert.equal(cache.open(folder!), one)
  }))

test('the models that were used least recently leave the memory if there are too many bytes', () =>
  withTempFolder(async root => {
    const folders = await writeModels(root, 3)
    const sizes = await Promise.all(
      folders.map(async folder => 1024 + bytesOf((await new TreeCache().open(folder))!.trees)),
    )
    const [first, second, third] = folders as [string, string, string]
    // the first and the third fit, all do not
    const cache = new TreeCache({ fileBytes: 2 ** 25, bytes: sizes[0]! + sizes[2]! })
    await cache.open(first)
    await cache.open(second)
    await cache.open(first)
    await cache.open(third)
    await rm(root, { recursive: true })
    assert.ok(cache.open(first))
    assert.ok(cache.open(third))
    await assert.rejects(async () => cache.open(second), /ENOENT/)
  }))

test('a model that is too large for this process is left to XGBoost', () =>
  withTempFolder(async root => {
    const [folder] = await writeModels(root, 1)
    assert.equal(await new TreeCache({ fileBytes: 100, bytes: 2 ** 20 }).open(folder!), null)
  }))
