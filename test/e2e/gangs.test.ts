import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { BoostingJobRequest, Job, NetworkJobRequest } from '../../src/spec/job.js'
import type { BoostingModel } from '../../src/spec/model.js'
import { blocksRunBy } from '../../testing/doc-blocks.js'
import { eventually } from '../../testing/eventually.js'
import { type ListeningPort, listeningPorts, portsOf } from '../../testing/listening-ports.js'
import { mnistSample } from '../../testing/mnist.js'
import { ownNetworkProblem } from '../../testing/own-network.js'
import { findRanks, type Rank } from '../../testing/ranks.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { uploadTable } from './tables.js'

const skip = ownNetworkProblem()
const [block] = blocksRunBy('test/e2e/gangs.test.ts', 'docs/boosting.md')
const request = JSON.parse(block!.code) as BoostingJobRequest
const [networkBlock] = blocksRunBy('test/e2e/gangs.test.ts', 'docs/scale.md')
const networkRequest = JSON.parse(networkBlock!.code) as NetworkJobRequest

let deployment: TestDeployment
before(async () => {
  deployment = await TestDeployment.open({ TRAINYARD_SLOTS: '1', TRAINYARD_SPARE_TRAINERS: 'off' })
  await uploadTable(deployment, 'digits')
})
after(() => deployment.close())

function treesOf(job: Job): Promise<Buffer> {
  assert.equal(job.status, 'succeeded', job.failure?.message)
  const { id, version } = job.result!.model
  return readFile(join(deployment.folder, 'models', id, String(version), 'model.ubj'))
}

const ranks = () => findRanks(deployment.folder)

/** Ports of the machine that one of the ranks has open, and those in the network of rank 0. */
async function portsDuring(found: readonly Rank[]) {
  const host: ListeningPort[] = await listeningPorts()
  const open = await Promise.all(found.map(({ pid }) => portsOf(pid, host)))
  const inside = await listeningPorts(found[0]!.pid)
  return { onHost: open.flat(), inside: inside.length }
}

interface Kill {
  step: number
  rank: number
  signal: 'SIGKILL' | 'SIGSTOP'
}

/** For `TestDeployment.train`. Takes each kill that it has done from the list. */
const killRanks = (kills: Kill[]) => async (step: number) => {
  const [next] = kills
  if (!next || step < next.step) return
  const found = await ranks()
  const victim = found.find(({ rank }) => rank === next.rank)
  if (!victim || found.length < 2) return
  kills.shift()
  process.kill(victim.pid, next.signal)
  await eventually('all ranks of the attempt to end', async () =>
    (await ranks()).every(({ attempt }) => attempt !== victim.attempt),
  )
}

test('two ranks train a job without a port on the machine, and after kills it ends with the same trees', {
  skip,
}, async () => {
  assert.deepEqual(await ranks(), [])
  let seen: Awaited<ReturnType<typeof portsDuring>> | null = null
  const undisturbed = await deployment.train({ ...request, name: 'undisturbed' }, async () => {
    const found = await ranks()
    if (found.length === 2) seen ??= await portsDuring(found)
  })
  const trees = await treesOf(undisturbed)
  // the ports are there, in the network of the ranks alone
  const { onHost, inside } = seen!
  assert.deepEqual(onHost, [])
  assert.ok(inside > 0, 'the ranks listen nowhere')

  const kills: Kill[] = [
    { step: 15, rank: 1, signal: 'SIGKILL' },
    { step: 35, rank: 0, signal: 'SIGKILL' },
    { step: 45, rank: 1, signal: 'SIGSTOP' },
  ]
  const killed = await deployment.train({ ...request, name: 'killed' }, killRanks(kills))
  assert.deepEqual(kills, [])
  assert.equal(killed.attempt, 4)
  assert.ok((await treesOf(killed)).equals(trees), 'the trees differ')
  await eventually('no rank to be left', async () => (await ranks()).length === 0)

  const { items } = await deployment.client.jobs.logs(killed.id)
  const ends = items.map(({ line }) => line).filter(line => /^the trainer ended with/.test(line))
  assert.deepEqual(ends, [
    'the trainer ended with its rank 1, which was ended by SIGKILL, which its worker did not send',
    'the trainer ended with its rank 1, which was ended by its worker: it was stopped (SIGSTOP) for 1 s',
  ])
})

test('a gang pauses after one round of all ranks, and goes on', { skip }, async () => {
  const name = 'paused'
  const job = await deployment.client.jobs.submit({
    ...request,
    name,
    model: { ...request.model, rounds: 150 },
  })
  let isPausing = false
  const paused = await eventually(
    'the job to pause',
    async () => {
      const found = await deployment.client.jobs.get(job.id)
      if (found.progress.step >= 20 && !isPausing) {
        isPausing = true
        await deployment.client.jobs.pause(job.id)
      }
      return found.status === 'paused' && found
    },
    { timeoutMs: 120_000 },
  )
  assert.ok(paused.progress.step < 150)
  assert.deepEqual(await ranks(), [])
  await deployment.client.jobs.resume(job.id)
  const ended = await deployment.waitForEnd(job)
  assert.equal(ended.status, 'succeeded', ended.failure?.message)
  assert.equal(ended.progress.resumedFrom, paused.progress.step)
})

test('the evaluation of a gang is of all validation rows, and its classes have no AUC', {
  skip,
}, async () => {
  await uploadTable(deployment, 'breast-cancer')
  const job = await deployment.train({
    name: 'cancer',
    model: { kind: 'boosting', rounds: 20 },
    dataset: 'breast-cancer',
    training: { validation: 0.2, earlyStopping: { patience: 5 } },
    resources: { workers: 2 },
  })
  assert.equal(job.status, 'succeeded', job.failure?.message)
  const model = (await deployment.client.models.get('cancer')) as BoostingModel
  assert.equal(model.evaluation!.records, Math.round(0.2 * 569))
  assert.deepEqual(
    Object.keys(job.metrics).filter(name => /auc/i.test(name)),
    [],
  )
  assert.ok('validationLogloss' in job.metrics)
})

test('a network has the same weights by one rank and by two, also after kills', {
  skip,
}, async () => {
  await deployment.client.datasets.push('images', await mnistSample(640))
  const of = (workers: number): NetworkJobRequest => ({
    ...networkRequest,
    name: `network-${workers}`,
    resources: { workers },
  })
  assert.equal(networkRequest.resources!.workers, 2)
  const one = await deployment.train(of(1))
  assert.equal(one.status, 'succeeded', one.failure?.message)
  let seen: Awaited<ReturnType<typeof portsDuring>> | null = null
  const kills: Kill[] = [
    { step: 30, rank: 1, signal: 'SIGKILL' },
    { step: 70, rank: 0, signal: 'SIGKILL' },
    { step: 110, rank: 1, signal: 'SIGSTOP' },
  ]
  const kill = killRanks(kills)
  const two = await deployment.train(of(2), async step => {
    const found = await ranks()
    if (found.length === 2) seen ??= await portsDuring(found)
    await kill(step)
  })
  assert.equal(two.status, 'succeeded', two.failure?.message)
  assert.deepEqual([kills, two.attempt], [[], 4])
  const weights = [await deployment.weights(one), await deployment.weights(two)]
  assert.ok(weights[0]!.equals(weights[1]!), 'the weights differ')
  const { onHost, inside } = seen!
  assert.deepEqual(onHost, [])
  assert.ok(inside >= 2, 'each rank has a server')
  await eventually('no rank to be left', async () => (await ranks()).length === 0)
})
