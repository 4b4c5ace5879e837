import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { libxgboostPath } from '../../src/engine/xgboost.js'

// a copy of the engine's code in a folder without node_modules
let bare: string
beforeEach(() => {
  bare = mkdtempSync(join(tmpdir(), 'trainyard-bare-'))
  const src = fileURLToPath(new URL('../../src', import.meta.url))
  // what errors.js imports, and no library
  const spec = readdirSync(join(src, 'spec')).filter(name => /^damage\.js$|-codes\.js$/.test(name))
  for (const path of ['engine', 'errors.js', ...spec.map(name => join('spec', name))]) {
    cpSync(join(src, path), join(bare, path), { recursive: true })
  }
  writeFileSync(join(bare, 'package.json'), '{ "type": "module" }')
})
afterEach(() => rmSync(bare, { recursive: true, force: true }))

const from = (file: string) => import(pathToFileURL(join(bare, 'engine', file)).href)

const missing = (what: RegExp) => (error: Error & { code?: string; kind?: string }) => {
  assert.match(error.message, what)
  assert.match(error.message, /npm run setup/)
  assert.deepEqual([error.code, error.kind], ['ENGINE_MISSING', 'unavailable'])
  return true
}

test('an error says that the npm package is missing', async () => {
  const { loadTensorFlow } = await from('tensorflow.js')
  assert.throws(loadTensorFlow, missing(/tfjs-node-gpu is not installed/))
})

test('an error names the file if the binding is not compiled', async () => {
  const home = join(bare, 'node_modules', '@tensorflow', 'tfjs-node-gpu')
  mkdirSync(home, { recursive: true })
  writeFileSync(join(home, 'package.json'), '{}')
  const { loadTensorFlow } = await from('tensorflow.js')
  assert.throws(loadTensorFlow, missing(/not compiled: no .*tfjs_binding\.node/))

  const { libxgboostPath } = await from('xgboost.js')
  assert.throws(libxgboostPath, missing(/not set up: no .*engine\.json/))
})

test('an error says why the binding does not load', async () => {
  const home = join(bare, 'node_modules', '@tensorflow', 'tfjs-node-gpu')
  mkdirSync(join(home, 'lib', 'napi-v8'), { recursive: true })
  writeFileSync(join(home, 'package.json'), '{ "main": "index.cjs" }')
  writeFileSync(join(home, 'lib', 'napi-v8', 'tfjs_binding.node'), 'not a library')
  writeFileSync(join(home, 'index.cjs'), "require('./lib/napi-v8/tfjs_binding.node')")
  const { loadTensorFlow } = await from('tensorflow.js')
  assert.throws(
    loadTensorFlow,
    missing(/does not load from .*: .*(too short|invalid|not a mach-o)/i),
  )
})

test('libxgboost is where set-up noted it', () => {
  assert.match(basename(libxgboostPath()), /^libxgboost\.(so|dylib)$/)
  assert.ok(existsSync(libxgboostPath()))
})
