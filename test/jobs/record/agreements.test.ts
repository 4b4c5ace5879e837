import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JobRecords } from '../../../src/jobs/record/records.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import { tempFolder } from '../../../testing/temp-folder.js'

test('all attempts use the thread count of the first attempt', async t => {
  const folder = await tempFolder(t)
  const records = new JobRecords(await openFolderStore(folder))
  const id = 'job-00000000000000000000000000'
  const both = await Promise.all([3, 3].map(mine => records.agreeOnThreads(id, mine)))
  assert.deepEqual(both, [3, 3])
  assert.equal(await records.agreeOnThreads(id, 16), 3)
})

test('all attempts run the kernels of the first attempt', async t => {
  const records = new JobRecords(await openFolderStore(await tempFolder(t)))
  const id = 'job-00000000000000000000000000'
  assert.equal(await records.agreeOnKernels(id, 'own'), 'own')
  assert.equal(await records.agreeOnKernels(id, 'stock'), 'own')
})
