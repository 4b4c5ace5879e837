import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { importScript } from './scripts.js'

interface Edit {
  before: string
  after: string
}

test("each edit fits the installed binding's source once", async () => {
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

test('a source that has changed is refused by name', async () => {
  const { patch } = await importScript('setup/binding.mjs')
  const edits = [{ before: 'a line', after: 'another' }]
  assert.throws(() => patch('x.cc', 'new text', edits), /binding-patch\.mjs does not fit x\.cc/)
  assert.throws(() => patch('x.cc', 'a line, a line', edits), /does not fit/)
})
