import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { PNG } from 'pngjs'
import { Datasets } from '../../../src/datasets/datasets.js'
import { encodeExample } from '../../../src/datasets/images/tfrecord/example.js'
import { loadTensorFlow } from '../../../src/engine/tensorflow.js'
import { Checkpoints } from '../../../src/jobs/record/checkpoints.js'
import { JobRecords } from '../../../src/jobs/record/records.js'
import { weightsOfJobs } from '../../../src/jobs/weights-sources.js'
import { ModelRegistry } from '../../../src/models/registry.js'
import { findInitialSource } from '../../../src/planning/init-source.js'
import { planNetworkJob } from '../../../src/planning/plan.js'
import type { DatasetManifest, ImagesManifest } from '../../../src/spec/dataset.js'
import type { InitFrom } from '../../../src/spec/init-from.js'
import type { FromTrainer } from '../../../src/spec/ipc-messages.js'
import type { NetworkJob } from '../../../src/spec/job.js'
import type { ModelSelector } from '../../../src/spec/model-selector.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import { readTensors } from '../../../src/weights/read-tensors.js'
import { WeightsStore } from '../../../src/weights/weights-store.js'
import { digitsManifest } from '../../../testing/digits-manifest.js'
import { newJobId, startAttempt } from '../../../testing/running-job.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { resolveInitialWeights } from '../../../workers/attempts/initial-weights.js'
import { runNetworkAttempt } from '../../../workers/attempts/network-attempt.js'
import { tfRecordFile } from '../../graph/tfrecord.js'

const store = await openFolderStore(await tempFolder({ after }))
const tf = loadTensorFlow()

/** 2x2 pixels, as many classes as asked for; the shards are real. */
async function putDataset(
  id: string,
  labels: string[],
  encoding: ImagesManifest['encoding'] = 'raw',
): Promise<ImagesManifest> {
  const examples = Array.from({ length: 20 }, (_, i) => {
    const pixels = Uint8Array.from({ length: 12 }, (_, j) => (10 * i + 31 * j) % 256)
    const image = encoding === 'raw' ? pixels : toPng(pixels)
    return encodeExample({ image, label: i % labels.length }, { height: 2, width: 2, channels: 3 })
  })
  const staged = await store.stage()
  await mkdir(join(staged, 'shards'))
  const content = tfRecordFile(examples)
  await writeFile(join(staged, 'shards', 'one.tfrecord'), content)
  const shard = { name: 'shards/one.tfrecord', records: 20, bytes: content.length, sha256: '' }
  const manifest = digitsManifest({
    id,
    name: 'dots',
    height: 2,
    width: 2,
    channels: 3,
    records: 20,
    labels,
    encoding,
    // as uploads have it: their own for raw pixels, assumed for files
    mean: encoding === 'raw' ? [90, 90, 90] : [127.5, 127.5, 127.5],
    std: encoding === 'raw' ? [60, 60, 60] : [127.5, 127.5, 127.5],
    shards: [shard],
  })
  await store.commit(staged, `datasets/${id}`, manifest)
  return manifest
}

function toPng(pixels: Uint8Array): Uint8Array {
  const png = new PNG({ width: 2, height: 2 })
  for (let i = 0; i < 4; i++) png.data.set([...pixels.subarray(3 * i, 3 * i + 3), 255], 4 * i)
  return new Uint8Array(PNG.sync.write(png, { colorType: 2 }))
}

async function train(
  dataset: DatasetManifest,
  more: Partial<NetworkJob> = {},
  initFrom: InitFrom | null = null,
) {
  const id = newJobId()
  const initial = initFrom && (await findInitialSource(initFrom, lookup))
  const planned = planNetworkJob(
    { id, createdAt: '2026-01-01T00:00:00.000Z' },
    {
      name: 'dots',
      model: { kind: 'resnet', blocks: 1, filters: 4 },
      dataset: 'dots',
      training: { steps: 3, batchSize: 4, validation: 0 },
    },
    dataset,
    null,
    initial,
  )
  const job = { ...planned, ...(initial && { initFrom: initial.source }), ...more }
  await new JobRecords(store).create(job)
  return runAttempt(job, dataset, null)
}

const lookup = {
  findModel: ({ name, version }: ModelSelector) => new ModelRegistry(store).get(name, version),
  findWeights: (id: string) => new WeightsStore(store).get(id),
  findDataset: (id: string) => new Datasets(store).get(id),
  modelTensors: async (name: string, version: number) =>
    readTensors(await new ModelRegistry(store).weightsPrefix({ name, version })),
  ...weightsOfJobs(new JobRecords(store), new Checkpoints(store), readTensors),
}

async function runAttempt(job: NetworkJob, dataset: DatasetManifest, resumeFrom: number | null) {
  const { id } = job
  const records = new JobRecords(store)
  const attempt = await startAttempt(store, id, {
    resumedFrom: resumeFrom ?? 0,
    phase: 'preparing',
  })
  const messages: FromTrainer[] = []
  await runNetworkAttempt({
    tf,
    store,
    task: { job, dataset, validation: null, attempt, resumeFrom, threads: null },
    send: async message => void messages.push(message),
    stopRequested: async () => null,
    threads: 1,
    gpus: 0,
    kernels: 'auto',
    reserveMemory: async () => {},
    gang: null,
  })
  assert.equal(messages.at(-1)?.type, 'finished')
  const rows = messages.flatMap(message => (message.type === 'metrics' ? message.row : []))
  const losses = rows.flatMap(({ values: { loss } }) => loss ?? [])
  return { id, job, initialized: (await records.read(id)).initialized, losses }
}

const head = ['weights', 'BatchNorm/beta', 'BatchNorm/gamma', 'BatchNorm/moving_mean'].map(
  part => `resnet/conv_top/${part}`,
)

test('a job starts from a model or a checkpoint, with its normalization, and a new head if the classes differ', async () => {
  const raw = await putDataset('ds-0000000000000001', ['a', 'b', 'c'])
  const first = await train(raw)
  assert.equal(first.initialized, null)
  const labels = ['a', 'b', 'c', 'd', 'e']
  const freeze = ['resnet/conv_0/*', 'resnet/unit_1/*']
  const [onRaw, onPng] = [
    await train(await putDataset('ds-0000000000000002', labels), { freeze }, { model: 'dots' }),
    await train(
      await putDataset('ds-0000000000000005', labels, 'encoded'),
      { freeze },
      { job: first.id },
    ),
  ]
  for (const { initialized, job } of [onRaw, onPng]) {
    assert.equal(initialized?.matched.length, 15)
    assert.deepEqual(
      initialized.skipped.map(({ name }) => name).toSorted(),
      [...head, 'resnet/conv_top/BatchNorm/moving_variance'].toSorted(),
    )
    const reason = initialized.skipped.find(({ name }) => name === head[0])?.reason
    assert.equal(reason, 'it is [3, 3, 4, 3] in the checkpoint, [3, 3, 4, 5] in the network')
    assert.deepEqual(job.normalization, { mean: raw.mean, std: raw.std, from: 'weights' })
    const { tensors } = await findInitialSource(job.initFrom!, lookup)
    assert.ok(tensors?.some(({ name }) => name === 'resnet/conv_0/weights'))
  }
  // the same pixels, whose own mean and deviation are not the same
  assert.equal(onRaw.losses.length, 3)
  assert.deepEqual(onPng.losses, onRaw.losses)
  const published = await lookup.findModel({ name: 'dots' })
  assert.ok('mean' in published.input)
  assert.deepEqual([published.input.mean, published.input.std], [raw.mean, raw.std])
})

test('a job resumes from its checkpoint even if its initFrom source is gone', async () => {
  const dataset = await putDataset('ds-0000000000000004', ['a', 'b', 'c'])
  const source = await train(dataset)
  const { job, initialized } = await train(dataset, { initFrom: { job: source.id, step: 3 } })
  await new JobRecords(store).remove(source.id)
  assert.deepEqual((await runAttempt(job, dataset, 3)).initialized, initialized)
})

test('a job starts from an uploaded checkpoint, and fails if that is altered or gone', async () => {
  const folder = 'test/formats/fixtures'
  const weights = new WeightsStore(store)
  const upload = await weights.createUpload()
  const content = await readFile(join(folder, 'old.ckpt'))
  await upload.addFile(
    'old.ckpt',
    (async function* () {
      yield content
    })(),
  )
  const { id } = (await upload.commit({})).weights
  const dataset = await putDataset('ds-0000000000000003', ['a', 'b', 'c', 'd'])
  const { initialized } = await train(dataset, { initFrom: { weights: id } })
  assert.equal(initialized?.matched.length, 11)

  const file = join(await store.folder(`weights/${id}`), 'weights.ckpt')
  content[100]! ^= 1
  await writeFile(file, content)
  await assert.rejects(resolveInitialWeights(store, { weights: id }), { code: 'init_source_gone' })
  const gone = { job: 'job-00000000000000000000000009', step: 7 }
  await assert.rejects(resolveInitialWeights(store, gone), {
    code: 'init_source_gone',
    message: /checkpoint 7 of job .* is gone or damaged; submit the job again with another/,
  })
})
