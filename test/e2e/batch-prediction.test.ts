import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { PNG } from 'pngjs'
import { readExamples } from '../../src/datasets/stored/stored-examples.js'
import type { ImagesManifest, TableManifest } from '../../src/spec/dataset.js'
import type { Job, PredictionJobRequest } from '../../src/spec/job.js'
import type { Prediction, Predictions, RowPrediction } from '../../src/spec/model.js'
import { assertClose } from '../../testing/assert-close.js'
import { eventually } from '../../testing/eventually.js'
import { mnistSample, readMnist } from '../../testing/mnist.js'
import { readTable } from '../../testing/tables.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { uploadTable } from './tables.js'

const images = 2000

let deployment: TestDeployment
before(async () => {
  deployment = await TestDeployment.open()
  await deployment.client.datasets.push('digits', await mnistSample(images))
  await uploadTable(deployment, 'wine')
  const network = await deployment.train({
    name: 'reader',
    model: { kind: 'resnet', blocks: 1, filters: 16 },
    dataset: 'digits',
    training: { steps: 60, batchSize: 32 },
  })
  assert.equal(network.status, 'succeeded', network.failure?.message)
  const trees = await deployment.train({
    name: 'taster',
    model: { kind: 'boosting', objective: 'multiclass', rounds: 20 },
    dataset: 'wine',
    training: { validation: 0 },
  })
  assert.equal(trees.status, 'succeeded', trees.failure?.message)
})
after(() => deployment.close())

const get = (path: string) =>
  fetch(deployment.url + path, { headers: { authorization: `Bearer ${deployment.key}` } })

const jobNow = (id: string): Promise<Job | null> => deployment.client.jobs.get(id).catch(() => null)

async function run(request: PredictionJobRequest): Promise<Job> {
  const job = await deployment.train(request)
  assert.equal(job.status, 'succeeded', job.failure?.message)
  return job
}

/** Submits a job, disturbs it each time that it has predicted some more, and waits for its end. */
async function runDisturbed(
  request: PredictionJobRequest,
  disturbances: ((job: Job) => Promise<void>)[],
): Promise<Job> {
  const { id } = await deployment.client.jobs.submit(request)
  let least = 1
  for (const disturb of disturbances) {
    const reached = await eventually(`${least} records to be predicted`, async () => {
      const job = await jobNow(id)
      return job && job.status === 'running' && job.progress.step >= least ? job : null
    })
    least = reached!.progress.step + 1
    await disturb(reached!)
  }
  const ended = await eventually('the job to end', async () => {
    const job = await jobNow(id)
    return job && ['succeeded', 'failed'].includes(job.status) ? job : null
  })
  assert.equal(ended!.status, 'succeeded', ended!.failure?.message)
  return ended!
}

async function killTrainer(): Promise<void> {
  process.kill(await deployment.activeTrainer(), 'SIGKILL')
}
const kill = (script: string) => async (): Promise<void> => {
  process.kill(await deployment.pidOf(script), 'SIGKILL')
}

const pauseAndResume = ({ id }: Job): Promise<void> => whilePaused(id, async () => {})

/** As a disk that loses a bit. */
const damageFirstPart = ({ id }: Job): Promise<void> =>
  whilePaused(id, async () => {
    const checkpoints = join(deployment.folder, 'jobs', id, 'checkpoints')
    const steps = (await readdir(checkpoints)).map(Number).sort((a, b) => a - b)
    assert.ok(steps.length > 1, `parts up to ${steps}`)
    const path = join(checkpoints, `${steps[0]}`, 'predictions.bin')
    const bytes = await readFile(path)
    bytes[100]! ^= 1
    await writeFile(path, bytes)
  })

async function whilePaused(id: string, change: () => Promise<void>): Promise<void> {
  await deployment.client.jobs.act(id, 'pause')
  const paused = await eventually('the job to be paused', async () => {
    const job = await jobNow(id)
    return job?.status === 'paused' ? job : null
  })
  assert.ok(paused!.progress.step > 0)
  await change()
  await deployment.client.jobs.act(id, 'resume')
}

/** The rows of a data set as a CSV export has them, by column. */
async function exported(dataset: string): Promise<Record<string, string>[]> {
  const answer = await get(`/datasets/${dataset}/archive?format=csv`)
  assert.equal(answer.status, 200, await answer.clone().text())
  const [header, ...lines] = (await answer.text()).replaceAll('"', '').trim().split(/\r?\n/)
  const names = header!.split(',')
  return lines.map(line => Object.fromEntries(line.split(',').map((cell, i) => [names[i]!, cell])))
}

/** Compares stored predictions with answers; a number in float32 may be written in fewer digits. */
function assertSame(
  row: Record<string, string>,
  answer: Prediction | RowPrediction,
  labels: string[],
) {
  assert.equal(row['predicted.label'], answer.label)
  assert.equal(Number(row['predicted.index']), answer.index)
  const stored = labels.map(label => Number(row[`predicted.probabilities.${label}`]))
  assert.deepEqual(stored.map(Math.fround), answer.probabilities!.map(Math.fround))
  assert.equal(Math.fround(Number(row['predicted.probability'])), Math.fround(answer.probability!))
}

test('a network predicts all images of a data set, whatever is killed or damaged meanwhile', async () => {
  const predict = { model: 'reader', checkpointEvery: 32, datasetName: 'read' }
  const undisturbed = await run({ name: 'calm', dataset: 'digits', predict })
  const { dataset: stored, model } = undisturbed.result!
  assert.deepEqual(model, { id: 'reader', version: 1 })
  assert.equal(stored!.name, 'read')
  assert.equal(undisturbed.progress.steps, images)
  const disturbed = await runDisturbed({ name: 'stormy', dataset: 'digits', predict }, [
    damageFirstPart,
    killTrainer,
    kill('workers/worker.js'),
    kill('api/main.js'),
  ])
  assert.equal(disturbed.result!.dataset!.id, stored!.id)
  assert.deepEqual(disturbed.metrics.accuracy, undisturbed.metrics.accuracy)
  assert.equal(disturbed.metrics.loss, undisturbed.metrics.loss)

  const attempts = await deployment.attempts(disturbed.id)
  assert.ok(attempts.length >= 3, `${attempts.length} attempts`)
  assert.ok(
    attempts.slice(1).every(({ resumedFrom }, i) => resumedFrom >= attempts[i]!.resumedFrom),
  )
  const { points } = await deployment.client.jobs.metrics(disturbed.id, { limit: '1000' })
  const steps = points.accuracy!.map(({ step }) => step)
  assert.deepEqual(steps, [...new Set(steps)], 'a record is predicted once')

  const log = await (await get(`/jobs/${disturbed.id}/logs`)).text()
  assert.match(log, /the predictions up to record \d+ are damaged: they are made again/)
  const folders = await readdir(join(deployment.folder, 'jobs', disturbed.id))
  assert.ok(!folders.includes('checkpoints'), 'the data set has what the checkpoints had')

  const source = (await deployment.client.datasets.get('digits')) as ImagesManifest
  const table = (await deployment.client.datasets.get('read')) as TableManifest
  assert.equal(table.records, images)
  assert.deepEqual(table.predictedBy, {
    ...{ model: 'reader', version: 1, dataset: source.id, job: undisturbed.id },
  })
  const rows = await exported('read')
  const folder = join(deployment.folder, 'datasets', source.id)
  const examples = [
    ...readExamples({ manifest: source, folder, key: '' }, { first: 0, end: 64 }),
  ].map(({ label }) => label)
  const { predictions } = await deployment.client.models.predict(
    'reader',
    pixelsOf(source, folder, 64),
  )
  for (const [i, answer] of predictions.entries()) {
    assertSame(rows[i]!, answer, source.labels)
    assert.deepEqual(
      [rows[i]!.record, rows[i]!.label],
      [`${i}`, source.labels[Number(examples[i])]],
    )
  }
  const right = rows.filter(row => row.label === row['predicted.label']).length
  assert.equal(undisturbed.metrics.accuracy, right / images)
})

function pixelsOf(source: ImagesManifest, folder: string, count: number): number[][][][] {
  const { height, width } = source
  const found: number[][][][] = []
  for (const { image } of readExamples(
    { manifest: source, folder, key: '' },
    { first: 0, end: count },
  )) {
    const pixels = Array.from(image)
    found.push(
      Array.from({ length: height }, (_, y) =>
        pixels.slice(y * width, (y + 1) * width).map(value => [value]),
      ),
    )
  }
  return found
}

test('trees predict all rows of a table, and keep its columns', async () => {
  const predict = { model: 'taster', checkpointEvery: 4 }
  const calm = await run({ name: 'calm-wine', dataset: 'wine', predict })
  const disturbed = await runDisturbed({ name: 'stormy-wine', dataset: 'wine', predict }, [
    killTrainer,
    pauseAndResume,
  ])
  assert.equal(disturbed.result!.dataset!.id, calm.result!.dataset!.id)
  assert.deepEqual(disturbed.metrics.loss, calm.metrics.loss)
  const { rows, columns } = readTable('wine')
  const stored = await exported('calm-wine')
  const { predictions } = await deployment.client.models.predictRows('taster', rows)
  for (const [i, answer] of predictions.entries()) {
    assertSame(stored[i]!, answer, ['0', '1', '2'])
    assert.deepEqual(
      columns.map(name => Number(stored[i]![name])),
      rows[i],
    )
  }
  const query =
    'where=predict.model=taster&where=predict.datasetName=calm-wine&fields=id,predict.steps'
  const found = (await (await get(`/jobs?${query}`)).json()) as { items: object[] }
  assert.deepEqual(found.items, [{ id: calm.id, predict: { steps: 178 } }])
  const checkpoints = (await (await get(`/jobs/${calm.id}/checkpoints`)).json()) as { items: [] }
  assert.deepEqual(checkpoints.items, [], 'the data set has what the checkpoints had')
})

test('image files of another size, and a split, are predicted as requests for the same files', async () => {
  const { images: pixels, labels } = await readMnist('t10k', 40)
  const files = Array.from({ length: 40 }, (_, i) => {
    const digit = labels[8 + i]!
    const split = i < 16 ? 'test' : 'train'
    return {
      name: `${split}/${digit}/${i}.png`,
      content: new Blob([new Uint8Array(png(pixels.subarray(16 + i * 784, 16 + (i + 1) * 784)))]),
    }
  })
  const dataset = (await deployment.client.datasets.push('drawn', files)) as ImagesManifest
  assert.deepEqual([dataset.encoding, dataset.height], ['encoded', 56])
  const job = await run({
    dataset: 'drawn',
    predict: { model: 'reader', split: 'test', outputs: ['label', 'probabilities', 'logits'] },
  })
  assert.ok(job.notes.some(({ code }) => code === 'images_resized'))
  const rows = await exported(job.result!.dataset!.id)
  // the test split comes after the 24 images of the train split
  assert.deepEqual(
    rows.map(({ record }) => record),
    Array.from({ length: 16 }, (_, i) => `${24 + i}`),
  )
  for (const row of rows) {
    const file = files.find(({ name }) => row.file!.endsWith(name))!
    assert.equal(row.split, 'test')
    const answer = await fetch(`${deployment.url}/models/reader/predict`, {
      method: 'POST',
      headers: { authorization: `Bearer ${deployment.key}`, 'content-type': 'image/png' },
      body: file.content,
    })
    const [prediction] = ((await answer.json()) as Predictions).predictions
    assert.equal(row.label, file.name.split('/')[1])
    assert.equal(row['predicted.label'], prediction!.label)
    const found = Array.from({ length: 10 }, (_, c) => Number(row[`predicted.probabilities.${c}`]))
    for (const [c, probability] of prediction!.probabilities.entries()) {
      // a request for one image is another batch
      assertClose(found[c]!, probability, 1e-5, `${row.file} ${c}`)
    }
  }
})

/** An MNIST image, twice as large. */
function png(pixels: Uint8Array): Buffer {
  const image = new PNG({ width: 56, height: 56, colorType: 0, inputColorType: 0, bitDepth: 8 })
  image.data = Buffer.from(
    Uint8Array.from({ length: 56 * 56 }, (_, at) => {
      const [y, x] = [Math.floor(at / 56), at % 56]
      return pixels[(y >> 1) * 28 + (x >> 1)]!
    }),
  )
  return PNG.sync.write(image, { colorType: 0, inputColorType: 0, inputHasAlpha: false })
}

test('a row that the model cannot read ends the job, which names it by its number in the data set', async () => {
  const lines = Array.from({ length: 40 }, (_, i) => `${i},${i % 2 === 0},${i % 3}`)
  await uploadCsv('switches', ['id,on,load', ...lines], {})
  const trees = await deployment.train({
    name: 'switch-trees',
    model: { kind: 'boosting', objective: 'regression', rounds: 2 },
    dataset: 'switches',
    training: { target: 'load', features: ['on'], validation: 0 },
  })
  assert.equal(trees.status, 'succeeded', trees.failure?.message)
  // half on, in the split that comes second
  const dimmed = lines.map((line, i) => line.replace(/true|false/, i === 33 ? '0.5' : `${i % 2}`))
  const splits = '{"test":0.5,"by":"time","column":"id"}'
  await uploadCsv('dimmers', ['id,on,load', ...dimmed], { splits })
  const job = await deployment.train({
    dataset: 'dimmers',
    predict: { model: 'switch-trees', split: 'test' },
  })
  assert.equal(job.failure?.code, 'bad_sample')
  assert.match(job.failure!.message, /^row 33 of data set 'dimmers', counted from 0: /)
})

async function uploadCsv(name: string, lines: string[], fields: Record<string, string>) {
  const form = new FormData()
  for (const [field, value] of Object.entries({ name, ...fields })) form.append(field, value)
  form.append('files', new Blob([lines.join('\n')]), 'table.csv')
  const answer = await fetch(`${deployment.url}/datasets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${deployment.key}` },
    body: form,
  })
  assert.ok(answer.ok, await answer.text())
}

test('a version cannot be deleted while a job predicts by it, and what does not fit is refused at once', async () => {
  const waiting = await deployment.client.jobs.submit({
    dataset: 'wine',
    predict: { model: 'taster' },
  })
  await deployment.client.jobs.act(waiting.id, 'pause')
  const paused = await eventually('the job to stop', async () => {
    const { status } = await deployment.client.jobs.get(waiting.id)
    return ['paused', 'succeeded'].includes(status) ? status : null
  })
  const deleted = await fetch(`${deployment.url}/models/taster`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${deployment.key}` },
  })
  assert.equal(paused, 'paused')
  assert.equal(((await deleted.json()) as { code: string }).code, 'MODEL_IN_USE')
  await deployment.client.jobs.act(waiting.id, 'cancel')

  const predict = { model: 'taster', topK: 2, outputs: ['logits' as const] }
  const refused = await deployment.client.jobs.submit({ dataset: 'digits', predict }).then(
    () => null,
    (error: { problem: { code: string; errors: { path: string }[] } }) => error,
  )
  assert.equal(refused!.problem.code, 'INVALID_JOB')
  assert.deepEqual(
    refused!.problem.errors.map(({ path }) => path),
    ['/dataset', '/predict/outputs'],
  )
  const plan = await deployment.client.jobs.plan({
    dataset: 'wine',
    predict: { model: 'taster', topK: 2 },
  })
  assert.deepEqual([plan.steps, plan.predict!.version], [178, 1])
  assert.deepEqual(plan.predict!.columns.slice(0, 3), [
    'record',
    'predicted.label',
    'predicted.index',
  ])
})
