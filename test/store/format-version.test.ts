import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { TrainyardError } from '../../src/errors.js'
import { instrumentDisk } from '../../src/store/failpoints.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { ensureFormatVersion } from '../../src/store/format-version.js'
import { tempFolder } from '../../testing/temp-folder.js'

const writeFormat = (root: string, text: string) => writeFile(join(root, 'format.json'), text)
const readFormat = async (root: string) =>
  JSON.parse(await readFile(join(root, 'format.json'), 'utf8'))

const refused = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TrainyardError)
  assert.equal(error.code, 'DATA_FOLDER_FORMAT')
  assert.match(error.message, message)
  assert.doesNotMatch(error.message, /\n/)
  return true
}

test('a new folder gets the current version', async t => {
  const root = join(await tempFolder(t), 'not', 'there', 'yet')
  await openFolderStore(root)
  assert.deepEqual(await readFormat(root), { formatVersion: 1 })
})

test('a folder that holds only the API key, Redis files and empty folders counts as new', async t => {
  const root = await tempFolder(t)
  await mkdir(join(root, 'redis'))
  await writeFile(join(root, 'redis', 'dump.rdb'), '')
  await writeFile(join(root, 'key'), 'ty_x')
  await mkdir(join(root, 'jobs'))
  await openFolderStore(root)
  assert.deepEqual(await readFormat(root), { formatVersion: 1 })
})

test('a folder of the current version opens, and its file stays as it is', async t => {
  const root = await tempFolder(t)
  await writeFormat(root, '{"formatVersion":1}')
  await mkdir(join(root, 'jobs', 'a'), { recursive: true })
  await openFolderStore(root)
  assert.equal(await readFile(join(root, 'format.json'), 'utf8'), '{"formatVersion":1}')
})

test('a folder of a newer version is refused with both versions and a remedy', async t => {
  const root = await tempFolder(t)
  await writeFormat(root, '{"formatVersion":7}')
  await assert.rejects(
    openFolderStore(root),
    refused(
      /^the data folder \S+ has format version 7, this Trainyard knows version 1: install a newer Trainyard, or set TRAINYARD_DATA to another folder$/,
    ),
  )
  assert.deepEqual(await readFormat(root), { formatVersion: 7 })
})

test('a folder with content but without a version is refused', async t => {
  for (const folder of ['datasets', 'jobs', 'models', 'weights', 'webhooks']) {
    const root = await tempFolder(t)
    await mkdir(join(root, folder, 'a'), { recursive: true })
    await assert.rejects(
      openFolderStore(root),
      refused(new RegExp(`has ${folder} but no format.json: .*set TRAINYARD_DATA to another`)),
    )
    assert.ok(!(await readdir(root)).includes('format.json'))
  }
})

test('a damaged format.json is refused', async t => {
  const root = await tempFolder(t)
  const texts = ['', '{"formatVersion":', 'null', '5', '[]', '{}']
  const versions = ['"1"', '0', '-1', '1.5', 'null'].map(version => `{"formatVersion":${version}}`)
  for (const text of [...texts, ...versions]) {
    await writeFormat(root, text)
    await assert.rejects(
      openFolderStore(root),
      refused(/^format\.json in the data folder \S+ is damaged/),
      text,
    )
    assert.equal(await readFile(join(root, 'format.json'), 'utf8'), text)
  }
})

test('an older folder is migrated one version at a time', async t => {
  const root = await tempFolder(t)
  const store = await openFolderStore(root)
  const calls: unknown[] = []
  const migrations = {
    1: async () => void calls.push(1, await readFormat(root)),
    2: async () => void calls.push(2, await readFormat(root)),
  }
  await ensureFormatVersion(store, root, { format: { version: 3, migrations } })
  assert.deepEqual(calls, [1, { formatVersion: 1 }, 2, { formatVersion: 2 }])
  assert.deepEqual(await readFormat(root), { formatVersion: 3 })
  await ensureFormatVersion(store, root, { format: { version: 3, migrations } })
  assert.equal(calls.length, 4)
})

test('after a failed migration, the folder keeps the version it reached, and the next run continues from there', async t => {
  const root = await tempFolder(t)
  const store = await openFolderStore(root)
  let runs = 0
  const migrations = {
    1: async () => {},
    2: async () => {
      if (++runs === 1) throw new Error('killed')
    },
  }
  await assert.rejects(
    ensureFormatVersion(store, root, { format: { version: 3, migrations } }),
    /killed/,
  )
  assert.deepEqual(await readFormat(root), { formatVersion: 2 })
  await ensureFormatVersion(store, root, { format: { version: 3, migrations } })
  assert.deepEqual(await readFormat(root), { formatVersion: 3 })
})

test('an older folder is refused and left unchanged if a migration is missing', async t => {
  const root = await tempFolder(t)
  const store = await openFolderStore(root)
  const migrations = { 1: () => assert.fail('the first migration ran') }
  await assert.rejects(
    ensureFormatVersion(store, root, { format: { version: 3, migrations } }),
    refused(/has format version 1, this Trainyard knows version 3 and cannot migrate it/),
  )
  assert.deepEqual(await readFormat(root), { formatVersion: 1 })
})

test('several stores and processes can open a new folder at the same time', async t => {
  const root = await tempFolder(t)
  const script = join(import.meta.dirname, 'opener.js')
  for (let round = 0; round < 5; round++) {
    const folder = join(root, String(round))
    const exits = [1, 2].map(async () => (await once(fork(script, [folder]), 'exit'))[0])
    await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        const store = await openFolderStore(folder)
        await store.createJson<number>(`jobs/${n}/manifest.json`, n)
      }),
    )
    assert.deepEqual(await Promise.all(exits), [0, 0])
    assert.deepEqual(await readFormat(folder), { formatVersion: 1 })
    assert.deepEqual(await readdir(join(folder, '.staging')), [])
  }
})

test('after an error at any point of the first open, the next open succeeds', async t => {
  const root = await tempFolder(t)
  let count = 0
  await openFolderStore(
    join(root, 'all'),
    instrumentDisk(() => void count++),
  )
  assert.ok(count >= 6)
  for (let i = 1; i <= count; i++) {
    const folder = join(root, String(i))
    let reached = 0
    const disk = instrumentDisk(() => {
      if (++reached === i) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
    })
    await assert.rejects(openFolderStore(folder, disk), { code: 'STORAGE_FULL' })
    await openFolderStore(folder)
    assert.deepEqual(await readFormat(folder), { formatVersion: 1 })
  }
})
