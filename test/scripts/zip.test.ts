import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { importScript } from './scripts.js'
import { zipArchive } from './zip-file.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-zip-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function unpack(archive: Buffer) {
  writeFileSync(join(folder, 'a.zip'), archive)
  const { unpack } = await importScript('setup/zip.mjs')
  return unpack(
    join(folder, 'a.zip'),
    join(folder, 'out'),
    () => true,
    () => {},
  )
}

test('all members are unpacked, including empty ones', async () => {
  assert.equal(await unpack(zipArchive({ 'a/b.txt': 'text'.repeat(1000), 'a/empty': '' })), 2)
  assert.equal(readFileSync(join(folder, 'out', 'a', 'b.txt'), 'utf8'), 'text'.repeat(1000))
  assert.equal(readFileSync(join(folder, 'out', 'a', 'empty'), 'utf8'), '')
})

test('an archive with a member outside the folder is refused', async () => {
  await assert.rejects(unpack(zipArchive({ '../evil': 'x' })), /not a readable wheel/)
  assert.ok(!existsSync(join(folder, 'evil')))
})

test('an incomplete archive is refused', async () => {
  const whole = zipArchive({ 'a/b.txt': 'text' })
  await assert.rejects(unpack(whole.subarray(0, whole.length / 2)), /not a readable wheel/)
})
