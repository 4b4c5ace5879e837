import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, rmSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { InputFile } from '../../../src/datasets/input-file.js'
import { defaultLimits } from '../../../src/datasets/limits.js'
import { listServerFiles } from '../../../src/datasets/sources/server-folder.js'
import { readStored } from '../../../src/datasets/stored-file.js'
import { TrainyardError } from '../../../src/errors.js'
import { tempFolder } from '../../../testing/temp-folder.js'

async function dataRoot(t: { after(work: () => Promise<void>): void }) {
  const folder = await tempFolder(t)
  const root = join(folder, 'root')
  await mkdir(join(root, 'flowers', 'roses'), { recursive: true })
  await mkdir(join(root, 'flowers', 'asters'))
  await writeFile(join(root, 'flowers', 'roses', '2.jpg'), 'two')
  await writeFile(join(root, 'flowers', 'roses', '10.jpg'), 'ten')
  await writeFile(join(root, 'flowers', 'asters', '1.jpg'), 'one')
  await writeFile(join(root, 'table.csv'), 'a,b\n1,2\n')
  await writeFile(join(folder, 'secret'), 'secret')
  return { folder, root }
}

const list = (path: string, roots: string[], limits = {}) =>
  listServerFiles(path, roots, { ...defaultLimits, ...limits })

const failsWith = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TrainyardError, String(error))
  assert.equal(error.code, code, error.message)
  assert.match(error.message, message)
  return true
}
const refused = (message: RegExp) => failsWith('SOURCE_REFUSED', message)

test('a folder is the sorted list of its files, by their paths within it; a file is itself', async t => {
  const { root } = await dataRoot(t)
  const files = await list(join(root, 'flowers'), [root])
  assert.deepEqual(
    files.map(({ name }) => name),
    ['asters/1.jpg', 'roses/10.jpg', 'roses/2.jpg'],
  )
  assert.deepEqual(
    files.map(({ identity }) => identity?.size),
    [3, 3, 3],
  )
  for (const path of [join(root, 'table.csv'), 'table.csv']) {
    assert.deepEqual(
      (await list(path, ['/nowhere', root])).map(({ name }) => name),
      ['table.csv'],
    )
  }
})

test('without roots nothing is read, and the refusal names the setting', async t => {
  const { root } = await dataRoot(t)
  await assert.rejects(list(join(root, 'table.csv'), []), refused(/TRAINYARD_DATA_ROOTS/))
})

test('a path outside the roots is refused, whether it exists or not', async t => {
  const { folder, root } = await dataRoot(t)
  const paths = [
    join(folder, 'secret'),
    join(folder, 'absent'),
    `${root}2/table.csv`,
    '/etc/passwd',
    '/',
  ]
  for (const path of paths) await assert.rejects(list(path, [root]), refused(/is not below/), path)
  const climbing = [`${root}/../secret`, '../secret', 'flowers/../../secret', 'a\0b', '', '..\\x']
  for (const path of climbing) await assert.rejects(list(path, [root]), refused(/'\.\.'/), path)
  await assert.rejects(list('absent', [root]), failsWith('SOURCE_FAILED', /there is no/))
})

test('links are followed to files within the root only', async t => {
  const { folder, root } = await dataRoot(t)
  await symlink(join(root, 'table.csv'), join(root, 'flowers', 'asters', 'inside.csv'))
  const files = await list('flowers', [root])
  assert.ok(files.some(({ name }) => name === 'asters/inside.csv'))
  await symlink(join(folder, 'secret'), join(root, 'flowers', 'out'))
  await assert.rejects(list('flowers', [root]), refused(/leads out/))
  await assert.rejects(list('flowers/out', [root]), refused(/leads out/))
  rmSync(join(root, 'flowers', 'out'))
  await symlink(root, join(root, 'flowers', 'loop'))
  await assert.rejects(list('flowers', [root]), refused(/link to a folder/))
  await symlink(folder, join(root, 'up'))
  await assert.rejects(list('up/secret', [root]), refused(/leads out/))
})

test('what is no regular file is refused, and is not opened', async t => {
  const { root } = await dataRoot(t)
  execFileSync('mkfifo', [join(root, 'flowers', 'pipe')])
  await assert.rejects(list('flowers', [root]), refused(/no regular file/))
  await assert.rejects(list('flowers/pipe', [root]), refused(/no regular file/))
})

test('folders with too many files or bytes, or nested too deeply, are refused', async t => {
  const { root } = await dataRoot(t)
  const tooLarge = (message: RegExp) => failsWith('DATASET_TOO_LARGE', message)
  await assert.rejects(list('flowers', [root], { folderFiles: 2 }), tooLarge(/more than 2 files/))
  await assert.rejects(list('flowers', [root], { uploadBytes: 8 }), tooLarge(/more than 8 bytes/))
  await mkdir(join(root, 'deep', ...Array(40).fill('d')), { recursive: true })
  await assert.rejects(list('deep', [root]), tooLarge(/32 levels/))
})

test('a file that is replaced or written after it was found is not read', async t => {
  const { folder, root } = await dataRoot(t)
  const changed = failsWith('SOURCE_CHANGED', /table.csv changed/)
  const [file] = await list('table.csv', [root])
  const { name, path, identity } = file!
  const open = new InputFile(name, path, name, identity!)
  open.assertUnchanged()
  appendFileSync(path, '3,4\n')
  assert.throws(() => open.assertUnchanged(), changed)
  open.close()
  assert.throws(() => new InputFile(name, path, name, identity!), changed)
  rmSync(path)
  await symlink(join(folder, 'secret'), path)
  assert.throws(() => new InputFile(name, path, name, identity!), changed)
  const read = async () => {
    for await (const _ of readStored(file!));
  }
  await assert.rejects(read(), changed)
})

test('more files than a process may open are read one after another', async t => {
  const folder = await tempFolder(t)
  const files: InputFile[] = []
  for (let i = 0; i < 300; i++) {
    await writeFile(join(folder, String(i)), `content ${i}`)
    files.push(new InputFile(String(i), join(folder, String(i))))
  }
  for (const round of [0, 1]) {
    for (const [i, file] of files.entries()) {
      assert.equal(String(file.read(0, 100)), `content ${i}`, `round ${round}`)
    }
  }
  for (const file of files) file.close()
})
