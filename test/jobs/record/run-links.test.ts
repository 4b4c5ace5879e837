import assert from 'node:assert/strict'
import { mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { jobNotFound } from '../../../src/jobs/record/errors.js'
import { JobRecords } from '../../../src/jobs/record/records.js'
import { linkRun, restoreRunLinks } from '../../../src/jobs/record/run-links.js'
import { planJob } from '../../../src/planning/plan.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import { digitsManifest } from '../../../testing/digits-manifest.js'
import { newJobId } from '../../../testing/running-job.js'
import { tempFolder } from '../../../testing/temp-folder.js'

test('each job has one link with its name, which goes with the job and comes back after a restore', async t => {
  const folder = await tempFolder(t)
  const store = await openFolderStore(folder)
  const links = () => readdir(join(folder, 'tensorboard')).then(names => names.sort())
  const [one, two] = [newJobId(), newJobId()]
  const names = new Map([
    [one, 'digits'],
    [two, 'a-job-b'],
  ])
  const readJob = async (id: string) => {
    const name = names.get(id)
    if (!name) throw jobNotFound(id)
    return { id, name }
  }
  for (const id of [one, two]) await mkdir(join(folder, 'jobs', id), { recursive: true })

  await linkRun(store, { id: one, name: 'before' })
  await linkRun(store, { id: one, name: 'digits' })
  await linkRun(store, { id: two, name: 'a-job-b' })
  const both = [`a-job-b-${two}`, `digits-${one}`].sort()
  assert.deepEqual(await links(), both)
  const target = await readlink(join(folder, 'tensorboard', `digits-${one}`))
  assert.equal(target, `../jobs/${one}`)

  await new JobRecords(store).remove(two)
  assert.deepEqual(await links(), [`digits-${one}`])

  // the links were not in the backup, a job has no manifest, one is gone, and the user keeps a run of their own
  await rm(join(folder, 'tensorboard'), { recursive: true })
  await mkdir(join(folder, 'tensorboard', 'mine'), { recursive: true })
  await symlink(`../jobs/${two}`, join(folder, 'tensorboard', `a-job-b-${two}`))
  await mkdir(join(folder, 'jobs', newJobId()))
  for (const _ of ['first', 'again']) {
    await restoreRunLinks(store, readJob)
    assert.deepEqual(await links(), [`digits-${one}`, 'mine'])
  }
})

test('a job that is given another name has a link with that name', async t => {
  const folder = await tempFolder(t)
  const store = await openFolderStore(folder)
  const records = new JobRecords(store)
  const identity = { id: newJobId(), createdAt: '2026-01-01T00:00:00.000Z' }
  const request = { name: 'before', model: { kind: 'resnet' as const }, dataset: 'digits' }
  const job = planJob(identity, request, digitsManifest(), null)
  await records.create(job)
  await linkRun(store, job)
  await records.edit(job.id, fields => ({ ...fields, name: 'after' }))
  assert.deepEqual(await store.list('tensorboard'), [`after-${job.id}`])
})
