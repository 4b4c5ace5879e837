import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Datasets } from '../../../src/datasets/datasets.js'
import { Imports } from '../../../src/datasets/imports/imports.js'
import type { TrainyardError } from '../../../src/errors.js'
import type { DatasetImport } from '../../../src/spec/dataset-import.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import { eventually } from '../../../testing/eventually.js'
import { tempFolder } from '../../../testing/temp-folder.js'

const log = { info: () => {}, warn: () => {} }
const about = { status: 'fetching' as const, source: ['a test'], name: null }
const code = (expected: string) => (error: TrainyardError) => error.code === expected

/** Two replicas of one data folder, of which the first makes data sets. */
async function replicas(t: { after(work: () => Promise<void>): void }) {
  const root = await tempFolder(t)
  const store = await openFolderStore(root)
  const [first, second] = [0, 1].map(
    () => new Imports({ store, datasets: new Datasets(store), log }),
  ) as [Imports, Imports]
  t.after(async () => {
    await first.close()
    await second.close()
  })
  /** An import that goes on until it is aborted, or `finish` is called. */
  const beginEndless = async () => {
    let finish = () => {}
    const finished = new Promise<void>(resolve => {
      finish = resolve
    })
    const { running, result } = await first.beginUpload(about, async ({ signal }, upload) => {
      await upload.addFile(
        'a.csv',
        (async function* () {
          yield Buffer.from(`a,b\n${'1,2\n'.repeat(100)}`)
          await Promise.race([
            finished,
            new Promise(resolve => signal.addEventListener('abort', resolve)),
          ])
        })(),
      )
      return upload.commit({ name: 'table' })
    })
    await first.record(running.id)
    return { id: running.id, result, finish }
  }
  const staged = () => readdir(join(root, '.staging'))
  return { root, first, second, beginEndless, staged }
}

test('any replica reads, lists and follows an import, until its end', async t => {
  const { second, beginEndless } = await replicas(t)
  const { id, finish } = await beginEndless()
  assert.equal((await second.get(id)).status, 'fetching')
  const listed = await second.list({ limit: 10 })
  assert.deepEqual(
    (await listed.read(0, 10)).map(each => each.id),
    [id],
  )
  const seen: DatasetImport[] = []
  for await (const status of second.follow(id, new AbortController().signal)) {
    seen.push(status)
    finish()
  }
  assert.equal(seen[0]?.status, 'fetching')
  assert.equal(seen.at(-1)?.status, 'succeeded')
  assert.match(seen.at(-1)?.dataset ?? '', /^ds-/)
})

test('any replica cancels an import, whose files are then gone', async t => {
  const { first, second, beginEndless, staged } = await replicas(t)
  const { id, result } = await beginEndless()
  const cancelled = await second.cancel(id)
  assert.equal(cancelled.status, 'cancelled')
  await assert.rejects(result, code('IMPORT_CANCELLED'))
  assert.deepEqual(await staged(), [])
  await second.remove(id)
  for (const each of [first, second]) await assert.rejects(each.get(id), code('IMPORT_NOT_FOUND'))
})

test('imports of a server that closes are interrupted, and new ones are refused', async t => {
  const { first, second, beginEndless, staged } = await replicas(t)
  const { id, result } = await beginEndless()
  await first.close()
  await assert.rejects(result, code('IMPORT_INTERRUPTED'))
  const found = await second.get(id)
  assert.equal(found.status, 'interrupted')
  assert.match(found.problem?.detail ?? '', /send the request again/)
  assert.deepEqual(await staged(), [])
  await assert.rejects(beginEndless(), code('IMPORT_INTERRUPTED'))
})

test('an error that is a bug shows no details', async t => {
  const { first } = await replicas(t)
  const { running, result } = await first.beginUpload(about, () => {
    throw new Error('a secret path')
  })
  await first.record(running.id)
  await assert.rejects(result, /a secret path/)
  const found = await eventually('the end', async () => {
    const each = await first.get(running.id)
    return each.finishedAt ? each : null
  })
  assert.equal(found.status, 'failed')
  assert.equal(found.problem?.code, 'INTERNAL')
  assert.doesNotMatch(JSON.stringify(found), /secret/)
})
