// What `npm run demo` and `trainyard demo` run.
import { mkdtemp, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Client } from '../src/client/client.js'
import { childEnvironment, readConfig } from '../src/config.js'
import { readOptions, reportError } from '../src/script-options.js'
import type { Job, JobRequest } from '../src/spec/job.js'
import { type LocalServer, startServer } from '../src/supervisor/start-server.js'
import { Mnist } from './mnist.js'
import { nextSteps } from './next-steps.js'
import { sideBySide } from './pictures.js'
import { ProgressBar } from './progress-bar.js'

const script = {
  command: 'npm run demo',
  summary:
    'Starts a server, trains a ResNet on MNIST and predicts ten images, all over HTTP. Leaves nothing behind without --keep or --data.',
  options: {
    keep: { help: 'keep the data in the data folder of `npm start`' },
    data: { value: 'FOLDER', help: 'keep the data in another folder' },
    'command-line': { help: 'say how to go on with the command `trainyard`, which passes this' },
  },
} as const

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
  const values = readOptions(script, process.argv.slice(2))
  const config = readConfig()
  const keptIn = values.data ? resolve(values.data) : values.keep ? config.dataFolder : null
  const dataFolder = keptIn ?? (await mkdtemp(join(tmpdir(), 'trainyard-demo-')))
  const removeData = async () => {
    if (keptIn === null) await rm(dataFolder, { recursive: true, force: true })
  }
  let server: LocalServer | null = null
  const stop = async () => {
    await server?.stop()
    await removeData()
  }
  let interrupted = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // npm passes Ctrl-C on, and the terminal sends it too
      if (interrupted) return
      interrupted = true
      console.log('\n  stopping the demo')
      void stop().finally(() => process.exit(128 + constants.signals[signal]))
    })
  }
  try {
    const environment = { TRAINYARD_PORT: '0', TRAINYARD_LOG_LEVEL: 'error' }
    server = await startServer(dataFolder, childEnvironment(environment))
    const result = await run(new Client({ url: server.url, key: server.key }))
    await server.stop()
    const url = `http://${config.host}:${config.port || 8080}`
    const { modelId } = result
    const { 'command-line': isCommandLine } = values
    console.log(
      nextSteps({ keptIn, defaultFolder: config.dataFolder, url, modelId, isCommandLine }),
    )
    // for programs
    if (!process.stdout.isTTY) console.log(JSON.stringify({ ...result, dataFolder: keptIn }))
    await removeData()
  } catch (error) {
    // the handler of the signal stops the server and ends this process
    if (interrupted) return
    await stop()
    throw error
  }
}

async function run(client: Client) {
  const mnist = new Mnist()
  const trainSet = await client.datasets.push('mnist', await mnist.files('train'))
  const testSet = await client.datasets.push('mnist-test', await mnist.files('t10k'))
  console.log(`  uploaded ${trainSet.records} training images and ${testSet.records} test images`)

  const job = await train(client)
  const testAccuracy = Number(job.metrics.validationAccuracy)
  const trainSeconds = secondsBetween(job.startedAt, job.finishedAt)
  console.log(
    `  trained in ${trainSeconds.toFixed(0)} s; accuracy ${(testAccuracy * 100).toFixed(2)} % on ${testSet.records} test images\n`,
  )

  const modelId = job.result!.model.id
  const samples = await mnist.testImages(0, 10)
  const { predictions } = await client.models.predict(
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
  let job = await client.jobs.submit(request)
  console.log(
    `  job ${job.id}: a ResNet of ${request.model.blocks} blocks, ${job.progress.steps} steps`,
  )
  const bar = new ProgressBar()
  for await (const { event, data } of client.jobs.follow(job.id)) {
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
  reportError('demo', error)
  process.exit()
})
