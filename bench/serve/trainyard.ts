import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ModelRegistry } from '../../src/models/registry.js'
import { resolveBoostingOptions } from '../../src/spec/boosting-options.js'
import { withBenchDeployment } from '../bench-deployment.js'
import { columnNames, target } from '../boosting/synthetic.js'
import type { WithServer } from './server.js'
import { rounds } from './trees.js'

const name = 'higgs'

/** Publishes the model as a training job does. */
export const withTrainyard: WithServer = (trees, work) =>
  withBenchDeployment(async ({ store, key, startApi }) => {
    const staged = await store.stage()
    await writeFile(join(staged, 'model.ubj'), trees.ubj)
    await writeFile(join(staged, 'model.json'), trees.json)
    await new ModelRegistry(store).publish(staged, {
      name,
      jobId: `job-${'0'.repeat(26)}`,
      createdAt: new Date().toISOString(),
      dataset: { id: `ds-${'0'.repeat(16)}`, name },
      step: rounds,
      labels: ['background', 'signal'],
      metrics: {},
      model: resolveBoostingOptions({ kind: 'boosting', objective: 'binary', rounds }, 'binary'),
      target,
      input: {
        columns: columnNames.map(each => ({ name: each, type: 'number', categories: null })),
      },
      featureImportance: [],
    })
    const api = await startApi()
    const rowOf = (index: number) =>
      Object.fromEntries(trees.row(index).map((value, i) => [columnNames[i], value]))
    return work({
      versions: { node: process.versions.node },
      request: ({ rows, format }) => ({
        url: `${api.url}/models/${name}/predict`,
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': format === 'csv' ? 'text/csv' : 'application/json',
        },
        body:
          format === 'csv'
            ? csvOf(trees, rows)
            : JSON.stringify({ instances: Array.from({ length: rows }, (_, i) => rowOf(i)) }),
      }),
      probabilities: answer =>
        (JSON.parse(answer) as { predictions: { probabilities: number[] }[] }).predictions.map(
          ({ probabilities }) => probabilities[1]!,
        ),
      memoryMb: async () => (await api.memory()).now,
    })
  })

/** Rows with a header. */
export const csvOf = (trees: Parameters<WithServer>[0], rows: number): string =>
  [columnNames, ...Array.from({ length: rows }, (_, i) => trees.row(i))]
    .map(cells => `${cells.join()}\n`)
    .join('')
