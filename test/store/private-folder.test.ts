import assert from 'node:assert/strict'
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openPrivateFolder } from '../../src/store/private-folder.js'
import { tempFolder } from '../../testing/temp-folder.js'

const modeOf = async (path: string) => (await stat(path)).mode & 0o7777

test('a new folder and the files that are created in it are private', async t => {
  const umask = process.umask(0o022)
  t.after(() => process.umask(umask))
  const folder = join(await tempFolder(t), 'parent', 'data')
  const lines: string[] = []
  await openPrivateFolder(folder, line => lines.push(line))
  await mkdir(join(folder, 'jobs'))
  await writeFile(join(folder, 'file'), '')
  assert.equal(await modeOf(folder), 0o700)
  assert.equal(await modeOf(join(folder, 'jobs')), 0o700)
  assert.equal(await modeOf(join(folder, 'file')), 0o600)
  assert.deepEqual(lines, [])
})

test('an existing folder that others may enter is closed to them, and the operator is told', async t => {
  const umask = process.umask()
  t.after(() => process.umask(umask))
  const folder = await tempFolder(t)
  for (const mode of [0o755, 0o710, 0o777]) {
    await chmod(folder, mode)
    const lines: string[] = []
    await openPrivateFolder(folder, line => lines.push(line))
    assert.equal(await modeOf(folder), 0o700)
    assert.equal(lines.length, 1)
    assert.match(lines[0]!, new RegExp(`mode 0${mode.toString(8)}.*0700`))
  }
})

test('a folder that is meant to be shared is left as it is, with a warning', async t => {
  const umask = process.umask()
  t.after(() => process.umask(umask))
  const folder = await tempFolder(t)
  await chmod(folder, 0o1777)
  const lines: string[] = []
  await openPrivateFolder(folder, line => lines.push(line))
  assert.equal(await modeOf(folder), 0o1777)
  assert.match(lines.join(), /mode 1777.*chmod 700/)
})
