// Requests that need a process which does not run otherwise.
import { readFile } from 'node:fs/promises'
import { readTable, tablePath } from '../../testing/tables.js'
import type { ProcessRole } from '../deployment.js'
import type { Faulty } from './faulty.js'
import { digitsName, imagesName, modelName, smallNetwork, tableName } from './world.js'

/** By the process: what makes it work, and must be answered again after it was killed or stopped. */
export const childWork: Partial<Record<ProcessRole, (on: Faulty) => Promise<unknown>>> = {
  planner: ({ client }) => client.jobs.plan(smallNetwork('planned')),
  conversion: async ({ client }) => {
    const content = new Blob([await readFile(tablePath('digits'))])
    return client.datasets.push('converted', [{ name: 'digits.csv', content }])
  },
  derivation: on =>
    ask(on, `/datasets/${digitsName}/derive`, {
      name: 'derived',
      steps: [{ kind: 'split', shares: { test: 0.2 } }],
    }),
  comparison: on => ask(on, `/datasets/${digitsName}/diff/${tableName}`),
  preview: ({ client }) => client.datasets.image(imagesName, 0, { asPng: true }),
  datasetExport: on => ask(on, `/datasets/${digitsName}/archive?format=parquet`),
  modelExport: on => ask(on, `/models/${modelName}/export?format=onnx`),
  // the job writes a checkpoint every few seconds, and the first prediction with each needs the process
  checkpointExporter: on =>
    ask(on, `/jobs/${on.running}/predict`, { instances: [readTable('digits').rows[0]] }),
}

/** Resolves after the whole answer has come. */
async function ask({ deployment, world }: Faulty, path: string, body?: object): Promise<void> {
  const answer = await fetch(deployment.url + path, {
    headers: { authorization: `Bearer ${world.key}`, 'content-type': 'application/json' },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  })
  const bytes = await answer.arrayBuffer()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${Buffer.from(bytes)}`)
}
