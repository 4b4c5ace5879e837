import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { importScript } from './scripts.js'

interface Edit {
  before: string
  after: string
}

test('each edit matches the source of the installed binding exactly once', async () => {
  const { bindingPatch } = await importScript('binding-patch.mjs')
  const { patch } = await importScript('setup/binding.mjs')
  for (const [file, edits] of Object.entries<Edit[]>(bindingPatch)) {
    const source = new URL(
      `../../../node_modules/@tensorflow/tfjs-node-gpu/binding/${file}`,
      import.meta.url,
    )
    const text = readFileSync(source, 'utf8')
    const patched = patch(file, text, edits)
    for (const { after } of edits) assert.ok(patched.includes(after))
  }
})

test('a source that an edit does not match is refused with its file name', async () => {
  const { patch } = await importScript('setup/binding.mjs')
  const edits = [{ before: 'a line', after: 'another' }]
  assert.throws(() => patch('x.cc', 'new text', edits), /binding-patch\.mjs does not fit x\.cc/)
  assert.throws(() => patch('x.cc', 'a line, a line', edits), /does not fit/)
})
