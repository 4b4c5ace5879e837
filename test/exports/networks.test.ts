import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { networkFormats } from '../../src/exports/network-formats.js'
import { readTensorBundle } from '../../src/formats/tensor-bundle.js'
import type { NetworkManifest } from '../../src/spec/model.js'
import { needsDataWitnesses, runPython } from '../../testing/data-witnesses.js'
import { untar } from '../../testing/untar.js'
import { largestDifference, networks, type ServedExample, serveNetwork } from './trained-models.js'

/** float32 sums in another order. */
const tolerance = 1e-5

const manifestOf = ({ input, labels }: ServedExample, model: object) =>
  ({ name: 'birds', version: 3, model, input, labels }) as unknown as NetworkManifest

const runOnnx = `
import json, sys, numpy, onnx, onnxruntime
path, pixels, side = sys.argv[1:]
onnx.checker.check_model(onnx.load(path), full_check=True)
session = onnxruntime.InferenceSession(path)
images = numpy.fromfile(pixels, '<f4').reshape(2, int(side), int(side), 3)
logits, probabilities = session.run(['logits', 'probabilities'], {'images': images})
one, = session.run(['logits'], {'images': images[:1]})
metadata = session.get_modelmeta().custom_metadata_map
print(json.dumps([logits.ravel().tolist(), probabilities.sum(1).tolist(), one.ravel().tolist(), metadata]))
`

for (const { model, side } of networks) {
  test(`${JSON.stringify(model)} predicts the same in onnxruntime`, needsDataWitnesses, async t => {
    const served = await serveNetwork(t, model, side)
    const path = join(served.folder, 'model.onnx')
    await writeFile(
      path,
      await buffer(networkFormats.onnx(served.folder, manifestOf(served, model))),
    )
    const pixels = join(served.folder, 'pixels')
    await writeFile(pixels, new Uint8Array(served.pixels.buffer))
    const [logits, sums, one, metadata] = JSON.parse(
      await runPython(runOnnx, path, pixels, String(side)),
    ) as [number[], number[], number[], Record<string, string>]
    assert.ok(largestDifference(logits, served.logits) < tolerance)
    assert.ok(largestDifference(one, served.logits.subarray(0, served.labels.length)) < tolerance)
    for (const sum of sums) assert.ok(Math.abs(sum - 1) < 1e-5)
    assert.deepEqual(JSON.parse(metadata.labels!), served.labels)
    assert.deepEqual(JSON.parse(metadata.input!), served.input)
  })

  test(`${JSON.stringify(model)} predicts the same in TensorFlow.js`, async t => {
    const served = await serveNetwork(t, model, side)
    const tar = networkFormats.tfjs(served.folder, manifestOf(served, model))
    const folder = join(served.folder, 'tfjs')
    await mkdir(folder)
    for (const { name, content } of await untar(tar)) {
      assert.equal(dirname(name), 'birds-3')
      await writeFile(join(folder, name.replace('birds-3/', '')), content)
    }
    const pixels = join(served.folder, 'pixels')
    await writeFile(pixels, new Uint8Array(served.pixels.buffer))
    // in a process of its own: TensorFlow.js has one backend in a process, and here it is native
    const script = fileURLToPath(new URL('./run-graph-model.js', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...[script, folder, pixels],
      String(side),
    ])
    const { logits, metadata } = JSON.parse(stdout)
    assert.ok(largestDifference(logits, served.logits) < tolerance)
    assert.deepEqual(JSON.parse(metadata.labels), served.labels)
  })
}

test('a checkpoint has the variables under the name that TensorFlow gives to checkpoints', async t => {
  const { model, side } = networks[0]!
  const served = await serveNetwork(t, model, side)
  const tar = networkFormats.checkpoint(served.folder, manifestOf(served, model))
  const members = await untar(tar)
  assert.deepEqual(
    members.map(({ name }) => name),
    ['birds-3/model.ckpt.data-00000-of-00001', 'birds-3/model.ckpt.index'],
  )
  for (const { name, content } of members) {
    const path = join(served.folder, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content)
  }
  const bundle = await readTensorBundle(join(served.folder, 'birds-3', 'model.ckpt.index'))
  const original = await readTensorBundle(
    join(served.folder, 'saved_model', 'variables', 'variables.index'),
  )
  assert.deepEqual(bundle, original)
})
