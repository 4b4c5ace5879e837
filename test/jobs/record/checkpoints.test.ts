import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Checkpoints } from '../../../src/jobs/record/checkpoints.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import type { Store } from '../../../src/store/store.js'
import { mulberry32 } from '../../../testing/random.js'

const id = `job-${'0'.repeat(26)}`
const random = mulberry32(8)
const below = (count: number) => Math.floor(random() * count)

let root: string
let store: Store
let checkpoints: Checkpoints
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'trainyard-damaged-'))
  store = await openFolderStore(root)
  checkpoints = new Checkpoints(store)
  await commit(100, 1)
  await commit(200, 1)
})
after(() => rm(root, { recursive: true }))

/**
 * Writes the files of a network's checkpoint, small, so that random flips hit each of them often.
 */
async function commit(step: number, attempt: number): Promise<void> {
  const staged = await store.stage()
  for (const end of ['index', 'data-00000-of-00001', 'input']) {
    const bytes = Uint8Array.from({ length: 600 }, () => below(256))
    await writeFile(join(staged, `model.ckpt-${step}.${end}`), bytes)
  }
  const createdAt = '2026-01-01T00:00:00.000Z'
  await checkpoints.commit(id, staged, { step, attempt, createdAt, best: false })
}

const folderOf = (step: number) => join(root, 'jobs', id, 'checkpoints', String(step))

async function flip(path: string, at: number, bit: number): Promise<Buffer> {
  const content = await readFile(path)
  const flipped = Buffer.from(content)
  flipped[at]! ^= 1 << bit
  await writeFile(path, flipped)
  return content
}

test('each of 1,000 bit flips in the newest checkpoint is detected, and the checkpoint before is used', async () => {
  const folder = folderOf(200)
  const files = await readdir(folder)
  const hit = new Map<string, number>()
  for (let n = 0; n < 1000; n++) {
    const name = files[below(files.length)]!
    const path = join(folder, name)
    const size = (await readFile(path)).length
    const [at, bit] = [below(size), below(8)]
    const content = await flip(path, at, bit)
    assert.equal(
      (await checkpoints.newestVerified(id, [])).step,
      100,
      `bit ${bit} of byte ${at} of ${name}`,
    )
    await writeFile(path, content)
    hit.set(name, (hit.get(name) ?? 0) + 1)
  }
  assert.equal((await checkpoints.newestVerified(id, [])).step, 200)
  assert.deepEqual([...hit.keys()].sort(), files.sort())
})

test('the next attempt replaces an unreadable checkpoint of the same step', async () => {
  await writeFile(join(folderOf(200), 'manifest.json'), '{"step": 2')
  assert.deepEqual(
    (await checkpoints.list(id, [])).map(({ step }) => step),
    [100],
  )
  await commit(200, 2)
  assert.equal((await checkpoints.newestVerified(id, [])).step, 200)
})
