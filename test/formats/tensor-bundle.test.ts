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

const described = ({ tensors }: TensorBundle) =>
  tensors.map(({ name, dtype, shape }) => `${name} ${dtype} ${shape.join('x')}`)

test('both formats say what they hold, in whatever files and slices', async () => {
  const [now, before] = await Promise.all(
    ['new.ckpt.index', 'old.ckpt'].map(name => readTensorBundle(join(folder, name))),
  )
  assert.equal(now?.format, 'v2')
  assert.equal(now.shardCount, 2)
  assert.equal(before?.format, 'v1')
  assert.deepEqual(described(now), described(before))
  assert.equal(now.tensors.length, 13)
  for (const line of [
    'global_step int64 ',
    'resnet/conv_top/weights float32 3x3x4x7',
    'resnet/unit_1/conv1/weights float32 3x3x4x4',
    'resnet/unit_1/conv2/weights float64 3x3x4x4',
  ]) {
    assert.ok(described(now).includes(line), line)
  }
  await verifyValues(now, dataFiles)
  await verifyV1Values(join(folder, 'old.ckpt'), 'old.ckpt')
})

test('what is no table is no bundle', async t => {
  const path = join(await tempFolder(t), 'file')
  for (const text of ['', 'a', 'x'.repeat(1000)]) {
    await writeFile(path, text)
    assert.equal(await readTensorBundle(path), null)
  }
})

test('no cut and no flipped bit passes as a checkpoint', async t => {
  const path = join(await tempFolder(t), 'file')
  for (const name of ['new.ckpt.index', 'old.ckpt']) {
    const whole = await readFile(join(folder, name))
    const read = async (bytes: Buffer) => {
      await writeFile(path, bytes)
      const bundle = await readTensorBundle(path)
      if (bundle?.format === 'v1') await verifyV1Values(path, name)
      return bundle && described(bundle)
    }
    const sound = await read(whole)
    for (let at = 0; at < whole.length; at += 7) {
      const flipped = Buffer.from(whole)
      flipped[at]! ^= 1 << (at % 8)
      const bundle = await read(flipped).catch(error => {
        assert.equal(error.code, 'WEIGHTS_DAMAGED')
        return null
      })
      // the footer has padding before its last eight bytes, which means nothing
      const padding = at >= whole.length - 48 && at < whole.length - 8
      assert.ok(bundle === null || padding, `${name}: byte ${at}`)
      const cut = await read(whole.subarray(0, at)).catch(error => {
        assert.equal(error.code, 'WEIGHTS_DAMAGED')
        return null
      })
      assert.equal(cut, null)
    }
    assert.ok(sound)
  }
})

test('values that are cut or changed are found by the name of their variable', async t => {
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
