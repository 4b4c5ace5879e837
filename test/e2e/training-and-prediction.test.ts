import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { PNG } from 'pngjs'
import { readStat } from '../../src/processes.js'
import type { Checkpoint } from '../../src/spec/checkpoint.js'
import type { Job } from '../../src/spec/job.js'
import type { Model, Predictions } from '../../src/spec/model.js'
import type { Worker } from '../../src/spec/worker.js'
import { startServer } from '../../src/supervisor/start-server.js'
import { needsDataWitnesses, runPython } from '../../testing/data-witnesses.js'
import { eventually } from '../../testing/eventually.js'
import { mnistSample } from '../../testing/mnist.js'
import { readMemoryMaps } from '../../testing/processes.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { untar } from '../../testing/untar.js'

let deployment: TestDeployment
let job: Job
before(async () => {
  deployment = await TestDeployment.open()
  await deployment.client.datasets.push('digits', await mnistSample(2560))
  job = await deployment.train({
    model: { kind: 'resnet', block: 'bottleneck', blocks: 2, filters: 32 },
    dataset: 'digits',
    training: { steps: 300, batchSize: 32, learningRate: { schedule: 'cosine', peak: 0.01 } },
    // its exports compute in it
    serving: { precision: 'fp32' },
  })
})
after(() => deployment.close())

const get = (path: string) =>
  fetch(deployment.url + path, { headers: { authorization: `Bearer ${deployment.key}` } })

test('the model of a job recognizes digits that it was trained on', async () => {
  assert.equal(job.status, 'succeeded', job.failure?.message)
  assert.ok(
    Number(job.metrics.validationAccuracy) > 0.8,
    `accuracy ${job.metrics.validationAccuracy}`,
  )
  const digits = await readDigits(20)
  const { predictions } = await deployment.client.models.predict(
    job.result!.model.id,
    digits.map(({ image }) => image),
  )
  const right = predictions.filter(({ index }, i) => index === digits[i]!.label)
  assert.ok(right.length >= 16, `${right.length} of 20 are right`)
})

test('the model keeps how well each class is recognized', async () => {
  const { id, version } = job.result!.model
  const answer = await get(`/models/${id}?version=${version}`)
  const { evaluation, metrics, labels } = (await answer.json()) as Model
  const { confusionMatrix, perClass, top5Accuracy } = evaluation!
  assert.equal(evaluation!.records, 256)
  assert.equal(evaluation!.accuracy, metrics.validationAccuracy)
  assert.equal(top5Accuracy, metrics.validationTop5Accuracy)
  assert.ok(top5Accuracy! > evaluation!.accuracy)
  const sums = confusionMatrix!.map(row => row.reduce((sum, count) => sum + count, 0))
  assert.deepEqual(
    perClass.map(({ label, records }) => [label, records]),
    labels.map((label, i) => [label, sums[i]]),
  )
  const right = confusionMatrix!.reduce((sum, row, i) => sum + row[i]!, 0)
  assert.equal(right / 256, evaluation!.accuracy)
})

test('the worker reports its slots, and what has ended is counted', async () => {
  const { items } = (await (await get('/workers')).json()) as { items: Worker[] }
  assert.deepEqual(
    items.map(({ pid }) => pid),
    [await deployment.pidOf('workers/worker.js')],
  )
  const [slot] = items[0]!.slots
  // about how long the job has trained
  assert.ok(slot!.cpuSeconds > 1, `${slot!.cpuSeconds} s`)
  const ready = await get('/readyz?require=worker')
  assert.equal(((await ready.json()) as { status: string }).status, 'ok')
  const counted = 'trainyard_jobs_ended_total{status="succeeded",code="none"} 1\n'
  await eventually('the end to be counted', async () =>
    (await (await get('/metrics')).text()).includes(counted),
  )
})

test('a PNG and the same pixels as JSON get the same answer', async () => {
  const [digit] = await readDigits(1)
  const json = await deployment.client.models.predict(job.result!.model.id, [digit!.image])
  const answer = await fetch(`${deployment.url}/models/${job.result!.model.id}/predict`, {
    method: 'POST',
    headers: { authorization: `Bearer ${deployment.key}`, 'content-type': 'image/png' },
    body: png(digit!.image),
  })
  const image = (await answer.json()) as Predictions
  assert.deepEqual(image.predictions, json.predictions)
})

test('the model as ONNX predicts the same in onnxruntime', needsDataWitnesses, async () => {
  const { id } = job.result!.model
  const digits = await readDigits(3)
  const images = digits.map(({ image }) => image)
  const { predictions } = await deployment.client.models.predict(id, images)
  const exported = await get(`/models/${id}/export`)
  assert.equal(exported.headers.get('content-disposition'), `attachment; filename="${id}-1.onnx"`)
  const path = join(deployment.folder, 'digits.onnx')
  await writeFile(path, new Uint8Array(await exported.arrayBuffer()))
  const program = `
import json, sys, numpy, onnxruntime
images = numpy.array(json.loads(sys.argv[2]), 'f4').reshape(-1, 28, 28, 1)
session = onnxruntime.InferenceSession(sys.argv[1])
print(json.dumps(session.run(['probabilities'], {'images': images})[0].tolist()))
`
  const probabilities = JSON.parse(await runPython(program, path, JSON.stringify(images)))
  for (const [i, prediction] of predictions.entries()) {
    for (const [label, probability] of prediction.probabilities.entries()) {
      const other = probabilities[i][label]
      assert.ok(Math.abs(other - probability) < 1e-4, `${other} instead of ${probability}`)
    }
  }
  for (const [format, content] of [
    ['tfjs', 'model.json'],
    ['checkpoint', 'model.ckpt.index'],
  ]) {
    const tar = await get(`/models/${id}/export?format=${format}`)
    assert.equal(tar.status, 200)
    const names = (await untar(tar.body!)).map(({ name }) => name)
    assert.ok(names.includes(`${id}-1/${content}`), String(names))
  }
})

test('checkpoints are listed by step, and the newest is marked as the latest', async () => {
  const { items } = (await (await get(`/jobs/${job.id}/checkpoints`)).json()) as {
    items: Checkpoint[]
  }
  assert.equal(items.at(-1)?.step, 300)
  assert.equal(items.at(-1)?.evaluation?.records, 256)
  assert.deepEqual(items.map(({ latest }) => latest).lastIndexOf(true), items.length - 1)
  const state = await readFile(join(deployment.folder, 'jobs', job.id, 'checkpoints', 'checkpoint'))
  assert.match(state.toString(), /^model_checkpoint_path: "300\/model.ckpt-300"/)
})

test('the API process never loads TensorFlow, the predictor does', async () => {
  const pid = await deployment.pidOf('src/api/main.js')
  assert.doesNotMatch(await readMemoryMaps(pid!), /libtensorflow/)
  const predictor = await deployment.pidOf('workers/predictor.js')
  assert.match(
    await readMemoryMaps(predictor!),
    /libtensorflow/,
    'the maps of a process show whether it has TensorFlow',
  )
})

test('a cancelled job ends, and so does its trainer', async () => {
  const long = await deployment.client.jobs.submit({
    model: { kind: 'resnet', blocks: 2, filters: 8 },
    dataset: 'digits',
    training: { steps: 1_000_000 },
  })
  let trainer = 0
  const ended = await deployment.waitForEnd(long, async step => {
    if (step !== 3) return
    trainer = await deployment.activeTrainer()
    await fetch(`${deployment.url}/jobs/${long.id}/cancel`, {
      method: 'POST',
      headers: { authorization: `Bearer ${deployment.key}` },
    })
  })
  assert.equal(ended.status, 'cancelled')
  assert.ok(trainer > 0)
  assert.equal(readStat(trainer), null, 'its trainer still runs')
})

test('a second server on the same data folder does not start, and the first goes on', async () => {
  await assert.rejects(
    startServer(deployment.folder, { ...process.env, TRAINYARD_PORT: '0' }),
    /exited with code 1/,
  )
  assert.equal((await get('/readyz')).status, 200, 'the first goes on')
})

async function readDigits(count: number): Promise<{ image: number[][]; label: number }[]> {
  const [images, labels] = await mnistSample(count)
  const pixels = Buffer.from(await images!.content.arrayBuffer()).subarray(16)
  const numbers = Buffer.from(await labels!.content.arrayBuffer()).subarray(8)
  return Array.from({ length: count }, (_, i) => ({
    image: Array.from({ length: 28 }, (_, y) => [
      ...pixels.subarray(i * 784 + y * 28, i * 784 + y * 28 + 28),
    ]),
    label: numbers[i]!,
  }))
}

function png(image: readonly number[][]): Buffer {
  const picture = new PNG({ width: 28, height: 28 })
  for (const [i, grey] of image.flat().entries()) {
    picture.data.set([grey, grey, grey, 255], i * 4)
  }
  return PNG.sync.write(picture)
}
