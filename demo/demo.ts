// `npm run demo`: starts a server, trains a ResNet on MNIST and predicts ten images, all over HTTP.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Client } from '../src/client/client.js'
import { startServer } from '../src/client/server.js'
import { childEnvironment } from '../src/config.js'
import type { Job, JobRequest } from '../src/spec/job.js'
import { Mnist } from './mnist.js'
import { sideBySide } from './pictures.js'
import { ProgressBar } from './progress-bar.js'

const request = {
  name: 'mnist-demo',
  model: { kind: 'resnet', blocks: 3, filters: 16 },
  dataset: 'mnist',
  training: {
    epochs: 2,
    learningRate: { schedule: 'cosine', peak: 0.05, warmupSteps: 50 },
    // the validation set is the test set, so do not select a checkpoint by it
    validation: { dataset: 'mnist-test' },
    exportBest: false,
  },
} satisfies JobRequest

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { data: { type: 'string' } } })
  const dataFolder = values.data
    ? resolve(values.data)
    : await mkdtemp(join(tmpdir(), 'trainyard-demo-'))
  await mkdir(dataFolder, { recursive: true })
  const server = await startServer(
    dataFolder,
    childEnvironment({ TRAINYARD_PORT: '0', TRAINYARD_LOG_LEVEL: 'error' }),
  )
  const stop = async () => {
    await server.stop()
    if (!values.data) await rm(dataFolder, { recursive: true, force: true })
  }
  process.once('SIGINT', () => void stop().then(() => process.exit(130)))
  try {
    const result = await run(new Client(server.url, server.key))
    await stop()
    console.log(JSON.stringify({ ...result, dataFolder: values.data ? dataFolder : null }))
  } catch (error) {
    await stop()
    throw error
  }
}

async function run(client: Client) {
  const mnist = new Mnist()
  const trainSet = await client.uploadDataset('mnist', await mnist.files('train'))
  const testSet = await client.uploadDataset('mnist-test', await mnist.files('t10k'))
  console.log(`  uploaded ${trainSet.records} training images and ${testSet.records} test images`)

  const job = await train(client)
  const testAccuracy = Number(job.metrics.validationAccuracy)
  const trainSeconds = secondsBetween(job.startedAt, job.finishedAt)
  console.log(
    `  trained in ${trainSeconds.toFixed(0)} s; accuracy ${(testAccuracy * 100).toFixed(2)} % on ${testSet.records} test images\n`,
  )

  const modelId = job.result!.model.id
  const samples = await mnist.testImages(0, 10)
  const { predictions } = await client.predict(
    modelId,
    samples.map(({ image }) => image),
  )
  for (const start of [0, 5]) {
    const row = samples.slice(start, start + 5)
    for (const line of sideBySide(row.map(({ image }) => image))) console.log(`  ${line}`)
    const captions = predictions.slice(start, start + 5).map(({ label, probability }, i) => {
      const mark = label === String(row[i]!.label) ? '' : ` not ${row[i]!.label}!`
      return `${label} (${(probability * 100).toFixed(1)} %)${mark}`.padEnd(14)
    })
    console.log(`  ${captions.join('  ')}\n`)
  }
  const correct = predictions.filter(({ label }, i) => label === String(samples[i]!.label))
  return {
    testAccuracy,
    correctPredictions: correct.length,
    steps: job.progress.step,
    trainSeconds,
    jobId: job.id,
    modelId,
  }
}

/** Submits the job and shows its progress until it has ended. */
async function train(client: Client): Promise<Job> {
  let job = await client.submit(request)
  console.log(
    `  job ${job.id}: a ResNet of ${request.model.blocks} blocks, ${job.progress.steps} steps`,
  )
  const bar = new ProgressBar()
  for await (const { event, data } of client.follow(job.id)) {
    if (event === 'job') job = data
    else if (data.values.loss !== undefined) {
      const { loss, examplesPerSecond = 0 } = data.values
      const throughput = `${Math.round(Number(examplesPerSecond))} images/s`
      bar.draw(data.step / job.progress.steps, `loss ${Number(loss).toFixed(3)}  ${throughput}`)
    }
  }
  bar.end()
  if (job.status !== 'succeeded') {
    throw new Error(`the job is ${job.status}: ${job.failure?.message ?? 'no reason was given'}`)
  }
  return job
}

const secondsBetween = (from: string | null, to: string | null) =>
  (Date.parse(to ?? '') - Date.parse(from ?? '')) / 1000

main().catch((error: unknown) => {
  console.error(error instanceof Error ? `demo: ${error.message}` : error)
  process.exit(1)
})
