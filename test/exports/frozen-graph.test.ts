import assert from 'node:assert/strict'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isDamaged } from '../../src/errors.js'
import { readFrozenGraph } from '../../src/exports/frozen-graph.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { publishNetwork } from '../serving/pool/small-network.js'

const root = await tempFolder({ after })

test('a damaged file of a SavedModel is named as it is called in the data folder', async () => {
  const key = 'models/digits/1/saved_model'
  const damages: [file: string, damage: (path: string) => Promise<void>][] = [
    ['saved_model.pb', path => writeFile(path, 'graph')],
    ['variables/variables.index', path => writeFile(path, 'index')],
    [
      'variables/variables.index',
      async path => {
        const bytes = await readFile(path)
        bytes[bytes.length >> 1]! ^= 1
        await writeFile(path, bytes)
      },
    ],
    ['variables/variables.data-00000-of-00001', path => truncate(path, 10)],
  ]
  for (const [i, [file, damage]] of damages.entries()) {
    await publishNetwork(root, `model-${i}`, 1)
    const folder = join(root, `model-${i}`)
    await readFrozenGraph(folder, 'serving_default', key)
    await damage(join(folder, file))
    await assert.rejects(readFrozenGraph(folder, 'serving_default', key), (error: Error) => {
      assert.ok(isDamaged(error), error.stack)
      assert.ok(error.message.startsWith(`${key}/${file} `), error.message)
      return true
    })
  }
})

test('weights that no file of the format can hold are a conflict that names both sizes and another format', async () => {
  await publishNetwork(root, 'large', 1)
  const read = (maxBytes: number) =>
    readFrozenGraph(join(root, 'large'), 'serving_default', 'models/large/1', maxBytes)
  await assert.rejects(read(1000), {
    name: 'TrainyardError',
    code: 'EXPORT_TOO_LARGE',
    kind: 'conflict',
    message:
      /^the weights take [0-9.e-]+ GB, .* at most 0\.00000100 GB: use format=checkpoint, or GET /,
  })
  await read(1e9)
})
