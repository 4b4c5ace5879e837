// The data sets that the jobs train on, and the instances that clients predict.
import { openAsBlob, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Mnist } from '../demo/mnist.js'
import type { Client } from '../src/client/client.js'
import { mnistSample } from '../testing/test-deployment.js'

export type DatasetName = 'digits' | 'digits-table'

/** Instances to predict, by the data set that the model was trained on. */
export type Samples = Readonly<Record<DatasetName, unknown[]>>

const recordCount = 640
const sampleCount = 5
const table = fileURLToPath(new URL('../../test/data/digits.csv', import.meta.url))

export async function uploadDatasets(client: Client): Promise<void> {
  await client.uploadDataset('digits', await mnistSample(recordCount))
  const content = await openAsBlob(table)
  await client.uploadDataset('digits-table', [{ name: 'digits.csv', content }])
}

export async function loadSamples(): Promise<Samples> {
  const images = await new Mnist().testImages(0, sampleCount)
  const [header, ...lines] = readFileSync(table, 'utf8').trimEnd().split('\n')
  const names = header!.split(',')
  const rows = lines.slice(0, sampleCount).map(line => {
    const cells = line.split(',').map((cell, i) => [names[i]!, Number(cell)] as const)
    return Object.fromEntries(cells.filter(([name]) => name !== 'target'))
  })
  return { digits: images.map(({ image }) => image), 'digits-table': rows }
}
