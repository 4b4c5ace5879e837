import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../../testing/eventually.js'
import { findDescendants } from '../../testing/processes.js'
import { freshDatasets } from './uploads.js'

const linuxOnly = { skip: process.platform !== 'linux' && 'only Linux has /proc' }
const table = (seed: number) => ({ 'a.csv': Buffer.from(`x,y\n${seed},1\n3,4\n`) })

/** Waits for a conversion process that starts, and sends it a signal before it can end. */
async function signalConversion(signal: NodeJS.Signals): Promise<void> {
  const [pid] = await eventually(
    'a conversion',
    async () => {
      const found = await findDescendants(process.pid, 'conversion-process.js')
      return found.length > 0 && found
    },
    { intervalMs: 1 },
  )
  process.kill(pid!, signal)
}

test(
  'an upload whose conversion is stopped or killed may be repeated, and leaves no files',
  linuxOnly,
  async t => {
    const { root, uploadTable } = await freshDatasets(t)
    for (const [signal, message] of [
      ['SIGSTOP', /conversion was stopped \(SIGSTOP\) for 1000 ms; upload the files again/],
      ['SIGKILL', /conversion ended with SIGKILL; upload the files again/],
    ] as const) {
      const upload = uploadTable(table(1))
      await Promise.all([
        assert.rejects(upload, { code: 'UPLOAD_INTERRUPTED', kind: 'unavailable', message }),
        signalConversion(signal),
      ])
      assert.deepEqual(await readdir(join(root, '.staging')), [])
    }
    assert.equal((await uploadTable(table(1))).dataset.records, 2)
  },
)

test('uploads over the limit of waiting conversions are refused', async t => {
  const { uploadTable } = await freshDatasets(t, { conversions: 1, waitingConversions: 2 })
  const uploads = await Promise.allSettled([1, 2, 3, 4, 5].map(seed => uploadTable(table(seed))))
  const refused = uploads.filter(({ status }) => status === 'rejected')
  assert.equal(refused.length, 2)
  for (const { reason } of refused as PromiseRejectedResult[]) {
    assert.deepEqual([reason.code, reason.kind], ['UPLOAD_BUSY', 'unavailable'])
    assert.match(reason.message, /^3 uploads are being converted already/)
  }
  assert.equal((await uploadTable(table(6))).created, true)
})
