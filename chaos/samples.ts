// The data sets that the jobs train on, and the instances that clients predict.
import { openAsBlob } from 'node:fs'
import { Mnist } from '../demo/mnist.js'
import type { Client } from '../src/client/client.js'
import { mnistSample } from '../testing/mnist.js'
import { readTable, tablePath } from '../testing/tables.js'

export type DatasetName = 'digits' | 'digits-table'

/** Instances to predict, by the data set that the model was trained on. */
export type Samples = Readonly<Record<DatasetName, unknown[]>>

const recordCount = 640
const sampleCount = 5

export async function uploadDatasets(client: Client): Promise<void> {
  await client.datasets.push('digits', await mnistSample(recordCount))
  const content = await openAsBlob(tablePath('digits'))
  await client.datasets.push('digits-table', [{ name: 'digits.csv', content }])
}

export async function loadSamples(): Promise<Samples> {
  const images = await new Mnist().testImages(0, sampleCount)
  const { columns, rows } = readTable('digits')
  const instances = rows
    .slice(0, sampleCount)
    .map(row => Object.fromEntries(row.map((value, i) => [columns[i]!, value])))
  return { digits: images.map(({ image }) => image), 'digits-table': instances }
}
