import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadApiKeys } from '../../../src/api/http/api-keys.js'
import { readKeyFile } from '../../../src/api/http/key-file.js'
import { tempFolder } from '../../../testing/temp-folder.js'

test('each line of a key file is an API key', async t => {
  const folder = await tempFolder(t)
  const path = join(folder, 'keys')
  await writeFile(path, 'the-old-key-of-clients\r\n\n  the-new-key-of-clients\n')
  const keys = await readKeyFile(path)
  assert.deepEqual(keys, ['the-old-key-of-clients', 'the-new-key-of-clients'])
  const { accepts } = await loadApiKeys(folder, keys)
  assert.deepEqual([...keys, 'the-old-key-of-client', ''].map(accepts), [true, true, false, false])
})

test('a key file that cannot be used is named with the reason, and without its content', async t => {
  const folder = await tempFolder(t)
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text)
    return name
  }
  await mkdir(join(folder, 'folder'))
  const cases: [name: string, reason: RegExp][] = [
    ['nowhere', /does not exist/],
    ['folder', /is a folder/],
    [await write('empty', ' \n'), /holds no key/],
    [await write('short', 'a-key-that-is-long-enough\nsecret\n'), /has no key on line 2/],
    [await write('words', 'secret secret secret secret'), /has no key on line 1/],
    [await write('many', 'a-key-that-is-long-enough\n'.repeat(101)), /holds 101 keys/],
  ]
  for (const [name, reason] of cases) {
    await assert.rejects(readKeyFile(join(folder, name)), (error: Error & { code: string }) => {
      assert.equal(error.code, 'INVALID_CONFIGURATION')
      assert.match(error.message, reason)
      assert.ok(error.message.startsWith(`TRAINYARD_KEY_FILE is '${join(folder, name)}', which `))
      assert.doesNotMatch(error.message, /secret|long-enough/)
      return true
    })
  }
})
