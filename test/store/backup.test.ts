import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { JobRecords } from '../../src/jobs/record/records.js'
import { linkRun } from '../../src/jobs/record/run-links.js'
import { planJob } from '../../src/planning/plan.js'
import { backUp } from '../../src/store/backup.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { digitsManifest } from '../../testing/digits-manifest.js'
import { newJobId, startAttempt } from '../../testing/running-job.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { putModel } from '../../testing/test-server.js'

async function dataFolder(t: TestContext) {
  const folder = await tempFolder(t)
  const data = join(folder, 'data')
  const store = await openFolderStore(data)
  const records = new JobRecords(store)
  const submit = async (name: string) => {
    const identity = { id: newJobId(), createdAt: '2026-01-01T00:00:00.000Z' }
    const request = { name, model: { kind: 'resnet' as const }, dataset: 'digits' }
    await records.create(planJob(identity, request, digitsManifest(), null))
    return identity.id
  }
  return { folder, data, store, records, submit }
}

test('a checkpoint is copied although all that there were are replaced meanwhile', async t => {
  const { folder, data, submit } = await dataFolder(t)
  const checkpoints = `jobs/${await submit('running')}/checkpoints`
  const write = async (step: number) => {
    await mkdir(join(data, checkpoints, String(step)), { recursive: true })
    for (const name of ['data', 'manifest.json'])
      await writeFile(join(data, checkpoints, String(step), name), String(step))
  }
  const steps = [10, 20, 30, 40, 50]
  await write(steps.shift()!)
  await backUp(data, join(folder, 'copy'), async path => {
    // the first file of a checkpoint is copied, and then there is only the next one
    if (!/checkpoints\/\d+\/data$/.test(path) || steps.length === 0) return
    const old = await readdir(join(data, checkpoints))
    await write(steps.shift()!)
    for (const step of old) await rm(join(data, checkpoints, step), { recursive: true })
  })
  const copied = join(folder, 'copy', checkpoints)
  assert.deepEqual(await readdir(copied), ['50'])
  assert.deepEqual((await readdir(join(copied, '50'))).sort(), ['data', 'manifest.json'])
})

test('a copy holds what was stored before it, and for what happens during it nothing that names what is missing', async t => {
  const { folder, data, store, records, submit } = await dataFolder(t)
  const [trained, deleted] = [await submit('trained'), await submit('deleted')]
  await putModel(store, 'kept')
  await putModel(store, 'deleted')
  await writeFile(join(data, 'key'), 'ty_secret\n', { mode: 0o600 })
  await writeFile(join(data, '.staging', 'half'), 'a record')
  for (const name of ['redis', 'webhooks']) await mkdir(join(data, name))
  await writeFile(join(data, 'redis', 'dump.rdb'), 'a cache')

  await linkRun(store, { id: trained, name: 'trained' })
  await mkdir(join(data, 'tensorboard', 'mine'))

  const target = join(folder, 'copy')
  let late = ''
  const during: Record<string, () => Promise<unknown>> = {
    webhooks: async () => {
      const attempt = await startAttempt(store, trained)
      const model = { id: 'trained', version: 1 }
      await putModel(store, model.id)
      const result = { attempt, finishedAt: new Date().toISOString(), failure: null, model }
      await records.finish(trained, { ...result, status: 'succeeded', metrics: {} })
    },
    jobs: async () => {
      late = await submit('late')
      await store.remove('models/deleted')
      await records.remove(deleted)
    },
  }
  const { files, bytes } = await backUp(data, target, name => during[name]?.().then(() => {}))

  const copy = await openFolderStore(target)
  const copied = new JobRecords(copy)
  assert.equal((await copied.read(trained)).result?.model?.id, 'trained')
  for (const name of ['kept', 'trained']) assert.ok(await copy.verify(`models/${name}/1`))
  assert.deepEqual(await copied.ids(), [trained, deleted], `without ${late}`)
  assert.deepEqual(await readdir(join(target, 'tensorboard')), ['mine'], 'without links to jobs')
  assert.deepEqual((await readdir(target)).sort(), [
    '.staging',
    'format.json',
    'jobs',
    'key',
    'models',
    'tensorboard',
    'webhooks',
  ])
  assert.equal(await readFile(join(target, 'key'), 'utf8'), 'ty_secret\n')
  assert.equal((await stat(join(target, 'key'))).mode & 0o777, 0o600)
  assert.equal((await stat(target)).mode & 0o777, 0o700)
  assert.deepEqual(await readdir(join(target, '.staging')), [])
  assert.ok(files >= 8 && bytes > 1000, `${files} files, ${bytes} bytes`)
})

test('the journal of a job is copied last, so an attempt that starts during the copy has its start in it', async t => {
  const { folder, data, store, submit } = await dataFolder(t)
  const id = await submit('busy')
  await startAttempt(store, id)
  const copied: string[] = []
  await backUp(data, join(folder, 'copy'), async path => {
    const [, name] = new RegExp(`^jobs/${id}/([^/]+)$`).exec(path) ?? []
    if (name === undefined) return
    copied.push(name)
    await startAttempt(store, id)
  })
  assert.deepEqual(copied.toSorted(), ['attempts', 'journal', 'manifest.json'])
  assert.equal(copied.at(-1), 'journal')
  const { attempts, lifecycle } = await new JobRecords(
    await openFolderStore(join(folder, 'copy')),
  ).read(id)
  assert.ok(attempts.length >= 1)
  assert.equal(lifecycle.attempt, 3)
})

test('a target that cannot be used is named with the reason, and nothing is copied', async t => {
  const { folder, data } = await dataFolder(t)
  const place = (name: string) => join(folder, name)
  await mkdir(place('used'))
  await writeFile(place('used/file'), '')
  await mkdir(place('empty'))
  await symlink(join(data, 'jobs'), place('link'))
  await mkdir(join(data, 'jobs'), { recursive: true })
  const cases: [from: string, to: string, reason: RegExp][] = [
    [data, place('used'), /cannot copy to .*used: it is not empty; name a new folder/],
    [data, join(data, 'backup'), /it is in the data folder/],
    [data, data, /it is in the data folder/],
    [data, place('link'), /it is in the data folder/],
    [data, place('used/file'), /it cannot be created \(EEXIST\)/],
    [data, place('not-mounted/new'), /it cannot be created \(ENOENT\)/],
    [place('empty'), place('new'), /empty is no data folder: it has no format.json/],
    [place('nowhere'), place('new'), /nowhere is no data folder/],
  ]
  for (const [from, to, reason] of cases) await assert.rejects(backUp(from, to), reason)
  assert.deepEqual((await readdir(folder)).sort(), ['data', 'empty', 'link', 'used'])
  assert.deepEqual((await readdir(data)).sort(), ['.staging', 'format.json', 'jobs'])
})
