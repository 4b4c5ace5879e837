import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  readTensorBundle,
  type TensorBundle,
  verifyV1Values,
  verifyValues,
} from '../../src/formats/tensor-bundle.js'
import { tempFolder } from '../../testing/temp-folder.js'

const folder = 'test/formats/fixtures'
const dataFiles = [0, 1].map(shard => {
  const name = `new.ckpt.data-0000${shard}-of-00002`
  return { name, path: join(folder, name) }
})

const describe = ({ tensors }: TensorBundle) =>
  tensors.map(({ name, dtype, shape }) => `${name} ${dtype} ${shape.join('x')}`)

test('both formats list the same tensors, whether in one file or in shards and slices', async () => {
  const [v2, v1] = await Promise.all(
    ['new.ckpt.index', 'old.ckpt'].map(name => readTensorBundle(join(folder, name))),
  )
  assert.equal(v2?.format, 'v2')
  assert.equal(v2.shardCount, 2)
  assert.equal(v1?.format, 'v1')
  assert.deepEqual(describe(v2), describe(v1))
  assert.equal(v2.tensors.length, 13)
  for (const line of [
    'global_step int64 ',
    'resnet/conv_top/weights float32 3x3x4x7',
    'resnet/unit_1/conv1/weights float32 3x3x4x4',
    'resnet/unit_1/conv2/weights float64 3x3x4x4',
  ]) {
    assert.ok(describe(v2).includes(line), line)
  }
  await verifyValues(v2, dataFiles)
  await verifyV1Values(join(folder, 'old.ckpt'), 'old.ckpt')
})

test('a file that is no LevelDB table reads as null', async t => {
  const path = join(await tempFolder(t), 'file')
  for (const text of ['', 'a', 'x'.repeat(1000)]) {
    await writeFile(path, text)
    assert.equal(await readTensorBundle(path), null)
  }
})

test('every truncated file and every changed bit is detected', async t => {
  const path = join(await tempFolder(t), 'file')
  for (const name of ['new.ckpt.index', 'old.ckpt']) {
    const whole = await readFile(join(folder, name))
    const read = async (bytes: Buffer) => {
      await writeFile(path, bytes)
      const bundle = await readTensorBundle(path)
      if (bundle?.format === 'v1') await verifyV1Values(path, name)
      return bundle && describe(bundle)
    }
    const intact = await read(whole)
    for (let at = 0; at < whole.length; at += 7) {
      const flipped = Buffer.from(whole)
      flipped[at]! ^= 1 << (at % 8)
      const bundle = await read(flipped).catch(error => {
        assert.equal(error.code, 'WEIGHTS_DAMAGED')
        return null
      })
      // The padding of the footer, before its last eight bytes, is ignored.
      const padding = at >= whole.length - 48 && at < whole.length - 8
      assert.ok(bundle === null || padding, `${name}: byte ${at}`)
      const cut = await read(whole.subarray(0, at)).catch(error => {
        assert.equal(error.code, 'WEIGHTS_DAMAGED')
        return null
      })
      assert.equal(cut, null)
    }
    assert.ok(intact)
  }
})

test('an error about truncated or changed values names the variable', async t => {
  const bundle = await readTensorBundle(join(folder, 'new.ckpt.index'))
  const whole = await readFile(dataFiles[0]!.path)
  const path = join(await tempFolder(t), 'shard')
  const files = [{ path, name: 'shard' }, dataFiles[1]!]
  await writeFile(path, whole.subarray(0, -1))
  await assert.rejects(verifyValues(bundle!, files), {
    code: 'WEIGHTS_DAMAGED',
    message: 'shard: a slice ends at byte 1944, the file at 1943',
  })
  whole[3]! ^= 1
  await writeFile(path, whole)
  await assert.rejects(verifyValues(bundle!, files), {
    message: 'shard: the values of resnet/conv_0/weights do not match their checksum',
  })
})
