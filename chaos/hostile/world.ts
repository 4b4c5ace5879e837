// What the hostile suite finds on the server: data sets, a finished job of each kind, a model, and a job that runs.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from '../../src/client/client.js'
import type { Job, JobRequest } from '../../src/spec/job.js'
import { eventually } from '../../testing/eventually.js'
import { readMnist } from '../../testing/mnist.js'
import { readTable, tablePath } from '../../testing/tables.js'
import type { PredictionTarget } from './predictions/bad-bodies.js'
import type { Target } from './requests/target.js'

export const tableName = 'rows'
export const imagesName = 'pictures'
export const digitsName = 'digits'
export const modelName = 'judge'
const imageModelName = 'seer'

export const smallBoosting = (name: string, rounds = 5): JobRequest =>
  ({
    name,
    dataset: tableName,
    model: { kind: 'boosting', objective: 'multiclass', rounds, maxDepth: 2 },
    training: { target: 'target', seed: 1 },
  }) as JobRequest

export const smallNetwork = (name: string): JobRequest =>
  ({
    name,
    dataset: imagesName,
    model: { kind: 'resnet', blocks: 1, filters: 4 },
    training: { steps: 5, batchSize: 16, seed: 1 },
  }) as JobRequest

/** Trains until it is cancelled. */
export const endlessJob = (name: string): JobRequest =>
  ({
    name,
    dataset: digitsName,
    model: { kind: 'boosting', objective: 'multiclass', rounds: 100_000, maxDepth: 3 },
    training: { target: 'target', seed: 1, checkpointEvery: 50 },
  }) as JobRequest

const folders = ['datasets/fixtures', 'boosting/fixtures', 'formats/fixtures', 'data']
const maxFileBytes = 30_000

/** Small uploads of every kind, right and wrong, from the tests. */
export async function loadFiles(): Promise<Target['files']> {
  const lists = folders.map(async folder => {
    const path = fileURLToPath(new URL(`../../../test/${folder}/`, import.meta.url))
    const names = (await readdir(path)).filter(name => !/\.(py|md)$/.test(name)).sort()
    return Promise.all(
      names.map(async name => ({ name, content: await readFile(join(path, name)) })),
    )
  })
  return (await Promise.all(lists)).flat().filter(({ content }) => content.length < maxFileBytes)
}

export interface World extends Target {
  /** A model's answer to `instances`, which must not change. */
  predict(): Promise<string>
  expected: string
  /** The same of a model for images, which predicts in another process. */
  predictImage(): Promise<string>
  expectedImage: string
  imageModel: string
  predictionTarget: PredictionTarget
}

/** Uploads data sets, and trains the model that requests aim at. */
export async function makeWorld(client: Client, key: string): Promise<World> {
  const table = await readFile(tablePath('wine'))
  await client.datasets.push(tableName, [{ name: 'wine.csv', content: new Blob([table]) }])
  const digits = new Blob([await readFile(tablePath('digits'))])
  await client.datasets.push(digitsName, [{ name: 'digits.csv', content: digits }])
  const { images, labels } = await readMnist('train', 64)
  await client.datasets.push(imagesName, [
    { name: 'train-images-idx3-ubyte', content: new Blob([images as Uint8Array<ArrayBuffer>]) },
    { name: 'train-labels-idx1-ubyte', content: new Blob([labels as Uint8Array<ArrayBuffer>]) },
  ])
  const { id } = await waitForEnd(client, await client.jobs.submit(smallBoosting(modelName)))
  await waitForEnd(client, await client.jobs.submit(smallNetwork(imageModelName)))
  const image = Array.from({ length: 28 }, (_, y) =>
    Array.from({ length: 28 }, (_, x) => (x * y) % 256),
  )
  const predictImage = async () =>
    JSON.stringify((await client.models.predict(imageModelName, [image])).predictions)
  const { columns, rows } = readTable('wine')
  const instances = rows
    .filter((_, i) => i % 60 === 0)
    .map(row => Object.fromEntries(row.map((value, i) => [columns[i]!, value])))
  const predict = async () =>
    JSON.stringify((await client.models.predictRows(modelName, instances)).predictions)
  return {
    key,
    job: id,
    images: imagesName,
    table: tableName,
    model: modelName,
    files: await loadFiles(),
    predict,
    expected: await predict(),
    predictImage,
    expectedImage: await predictImage(),
    imageModel: imageModelName,
    predictionTarget: {
      key,
      trees: { name: modelName, columns },
      network: { name: imageModelName, shape: [28, 28, 1] },
    },
  }
}

export function waitForEnd(client: Client, { id }: Job, timeoutMs = 120_000): Promise<Job> {
  const ended = async () => {
    const job = await client.jobs.get(id).catch(() => null)
    return job !== null && job.finishedAt !== null && job
  }
  return eventually(`job ${id} to end`, ended, { timeoutMs, intervalMs: 200 })
}
