import assert from 'node:assert/strict'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { KeptFiles } from '../../src/supervisor/kept-files.js'
import { eventually } from '../../testing/eventually.js'
import { tempFolder } from '../../testing/temp-folder.js'

test('keys and the format file come back after their removal, with the newest content', async t => {
  const folder = await tempFolder(t)
  const lines: string[] = []
  const read = (name: string) => readFile(join(folder, name), 'utf8').catch(() => null)
  const kept = new KeptFiles(folder, line => lines.push(line))
  t.after(() => kept.close())
  await writeFile(join(folder, 'key'), 'first')
  await writeFile(join(folder, 'format.json'), '{"formatVersion":1}')
  await sleep(1500)
  await writeFile(join(folder, 'key'), 'second')
  await sleep(1500)
  for (const name of ['key', 'format.json', '.staging']) {
    await rm(join(folder, name), { recursive: true })
  }
  await eventually('the files to be back', async () => (await read('key')) && read('format.json'))
  assert.equal(await read('key'), 'second')
  assert.equal((await stat(join(folder, 'key'))).mode & 0o077, 0)
  assert.ok((await stat(join(folder, '.staging'))).isDirectory())
  assert.match(lines.join('\n'), /key was removed while the server runs/)
  assert.equal(await read('keys.json'), null, 'a file that never was')
})

test('the operator is told once that the data folder is gone, and that it is back', async t => {
  const root = await tempFolder(t)
  const folder = join(root, 'data')
  await mkdir(folder)
  const lines: string[] = []
  const kept = new KeptFiles(folder, line => lines.push(line))
  t.after(() => kept.close())
  await rename(folder, join(root, 'elsewhere'))
  await eventually('the first line', () => lines.length === 1)
  assert.match(lines[0]!, /data is gone.*put it back/)
  await sleep(1500)
  await rename(join(root, 'elsewhere'), folder)
  await eventually('the second line', () => lines.length > 1)
  assert.deepEqual(lines.slice(1), [`the data folder ${folder} is back`])
})
