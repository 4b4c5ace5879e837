import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ModelRegistry } from '../../src/models/registry.js'
import { resolveBoostingOptions } from '../../src/spec/boosting-options.js'
import type { NewModel } from '../../src/spec/model.js'
import type { ServedPrecision } from '../../src/spec/serving-options.js'
import type { Store } from '../../src/store/store.js'
import { withBenchDeployment } from '../bench-deployment.js'
import { columnNames, target } from '../boosting/synthetic.js'
import { BenchError } from '../failure.js'
import type { NetworkInput } from './networks/served-network.js'
import type { BenchRequest, RunningServer, WithServer } from './server.js'
import { controlsOf } from './server-processes.js'
import { csvOf, rounds, type ServedTrees, type TreesInput } from './trees.js'

/** Boosted trees, published as a training job does. */
export const withTrainyardTrees: WithServer<TreesInput> = ({ trees, rows, format }, work) => {
  const rowOf = (index: number) =>
    Object.fromEntries(trees.row(index).map((value, i) => [columnNames[i], value]))
  const body =
    format === 'csv'
      ? csvOf(trees, rows)
      : JSON.stringify({ instances: Array.from({ length: rows }, (_, i) => rowOf(i)) })
  const type = format === 'csv' ? 'text/csv' : 'application/json'
  return withTrainyard(store => publishTrees(store, trees), type, [body], work)
}

/** A network in one of the precisions that it was trained for. */
export const withTrainyardNetwork =
  (precision: ServedPrecision): WithServer<NetworkInput> =>
  ({ network, files }, work) => {
    const publish = async (store: Store) => {
      const { version: _, ...manifest } = network.manifest
      const staged = await store.stage()
      await cp(network.folder, staged, { recursive: true })
      const card = { ...manifest.precision!, served: precision }
      await new ModelRegistry(store).publish(staged, { ...manifest, name, precision: card })
    }
    return withTrainyard(
      publish,
      `image/${files.format}`,
      network.probes.map(({ file }) => file),
      work,
    )
  }

const name = 'served'

async function withTrainyard<T>(
  publish: (store: Store) => Promise<unknown>,
  contentType: string,
  bodies: readonly BenchRequest['body'][],
  work: (server: RunningServer) => Promise<T>,
): Promise<T> {
  return withBenchDeployment(async ({ store, key, startApi }) => {
    await publish(store)
    const since = performance.now()
    const api = await startApi()
    const requests = bodies.map(body => ({
      url: `${api.url}/models/${name}/predict`,
      headers: { authorization: `Bearer ${key}`, 'content-type': contentType },
      body,
    }))
    const { url, headers, body } = requests[0]!
    const answer = await fetch(url, { method: 'POST', headers, body })
    if (!answer.ok) throw new BenchError(`it answered ${answer.status}: ${await answer.text()}`)
    return work({
      ...controlsOf(api.pid),
      startSeconds: (performance.now() - since) / 1000,
      // the API would end a predictor that is stopped while it runs itself; without requests it does nothing
      pause: async () => {},
      resume: async () => {},
      versions: { node: process.versions.node },
      requests,
      probabilities: text =>
        (JSON.parse(text) as { predictions: { probabilities: number[] }[] }).predictions.map(
          ({ probabilities }) => probabilities,
        ),
    })
  })
}

async function publishTrees(store: Store, trees: ServedTrees): Promise<void> {
  const staged = await store.stage()
  await writeFile(join(staged, 'model.ubj'), trees.ubj)
  await writeFile(join(staged, 'model.json'), trees.json)
  const model: NewModel = {
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
  }
  await new ModelRegistry(store).publish(staged, model)
}
