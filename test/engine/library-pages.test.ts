import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { releaseLibraryPages } from '../../src/engine/library-pages.js'
import { loadTensorFlow } from '../../src/engine/tensorflow.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { writeSquareModel } from './saved-model.js'

const isLinux = process.platform === 'linux'

/** Bytes of files in this process's memory. */
const residentFiles = () =>
  1024 * Number(/^RssFile:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1])

test('the pages of TensorFlow leave memory, and come back when they are needed', async () => {
  const folder = join(await tempFolder({ after }), 'model')
  writeSquareModel(folder, 'float')
  const tf = loadTensorFlow()
  const backend = tf.backend()
  const session = backend.loadSavedModelMetaGraph(folder, 'serve')
  const square = () => {
    const input = tf.tensor(Float32Array.of(1, 2, 3, 4), [2, 2], 'float32')
    const [product] = backend.runSavedModel(session, [input], [{ name: 'x:0' }], ['product:0'])
    const values = backend.readSync(product!.dataId)
    input.dispose()
    product!.dispose()
    return values
  }
  const expected = Float32Array.of(7, 10, 15, 22)
  assert.deepEqual(square(), expected)

  const before = isLinux ? residentFiles() : 0
  const released = releaseLibraryPages()
  if (isLinux) {
    const gone = before - residentFiles()
    assert.ok(released > 100e6, `${released} bytes were released`)
    assert.ok(gone > 0.9 * released, `${gone} bytes are gone, of ${released} released`)
  } else assert.equal(released, 0)
  assert.deepEqual(square(), expected)

  // a second session needs other code
  const other = join(await tempFolder({ after }), 'other')
  writeSquareModel(other, 'int32')
  backend.deleteSavedModel(backend.loadSavedModelMetaGraph(other, 'serve'))
  backend.deleteSavedModel(session)
})
