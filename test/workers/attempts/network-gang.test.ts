// A network job has the same bytes with any number of ranks, also if it changes or if ranks are killed. The ranks are
// real trainers, in a network of their own, that a worker's executor starts.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { engineEnvironment } from '../../../src/engine/environment.js'
import { Checkpoints } from '../../../src/jobs/record/checkpoints.js'
import { JobRecords } from '../../../src/jobs/record/records.js'
import { scriptPath } from '../../../src/places.js'
import { planNetworkJob } from '../../../src/planning/plan.js'
import type { FromTrainer } from '../../../src/spec/ipc-messages.js'
import { within } from '../../../testing/eventually.js'
import { ownNetworkProblem } from '../../../testing/own-network.js'
import { newJobId, startAttempt } from '../../../testing/running-job.js'
import { findGangNetwork } from '../../../workers/executors/gang-network.js'
import { LocalExecutor } from '../../../workers/executors/local-executor.js'
import { shareOfSlot } from '../../../workers/executors/share-of-slot.js'
import { TrainerGang } from '../../../workers/supervision/trainer-gang.js'
import { TrainerProcess } from '../../../workers/supervision/trainer-process.js'
import { buildTask } from '../../../workers/supervision/trainer-task.js'
import { freshDatasets, mnistSlice } from '../../datasets/uploads.js'

const skip = ownNetworkProblem()
const steps = 12

interface AttemptPlan {
  ranks: number
  /** Which rank is killed after which step of the attempt. */
  kill?: { rank: number; step: number }
}

/** Trains a job in as many attempts as there are plans; of all but the last, a rank is killed. */
async function train(
  { datasets, store, root }: Awaited<ReturnType<typeof freshDatasets>>,
  attempts: readonly AttemptPlan[],
) {
  const dataset = await datasets.get('digits')
  assert.ok(dataset.kind === 'images')
  const job = planNetworkJob(
    { id: newJobId(), createdAt: '2026-01-01T00:00:00.000Z' },
    {
      model: { kind: 'resnet', blocks: 1, filters: 4 },
      dataset: 'digits',
      training: {
        ...{ steps, batchSize: 16, shards: 4, optimizer: { kind: 'sgd' } },
        ...{ validateEvery: 6, checkpointEvery: 3, logEvery: 1 },
      },
    },
    dataset,
    null,
  )
  await new JobRecords(store).create(job)
  const checkpoints = new Checkpoints(store)
  const environment = {
    ...process.env,
    ...engineEnvironment({ cores: 2 }),
    TRAINYARD_DATA: root,
  }
  const executor = new LocalExecutor(scriptPath('workers/trainer'), {
    findNetwork: () => findGangNetwork({ isPrivate: false, usesBucket: false }),
    shareOfSlot,
  })
  const lines: string[] = []
  const losses = new Map<number, unknown>()
  for (const { ranks: world, kill } of attempts) {
    const resumedFrom = (await checkpoints.steps(job.id)).at(-1) ?? 0
    const attempt = await startAttempt(store, job.id, { resumedFrom, phase: 'preparing' })
    const task = await buildTask(job, attempt, { resumedFrom, threads: null }, id =>
      datasets.get(id),
    )
    const place = { job: job.id, attempt, world, devices: 1 }
    const trainers = TrainerProcess.gang(executor, place, { environment, gpu: null })
    const gang = new TrainerGang(trainers)
    const messages: FromTrainer[] = []
    gang.listen({
      onLine: line => void lines.push(line),
      onMessage: message => {
        messages.push(message)
        if (message.type === 'memory') gang.grantMemory()
        if (message.type !== 'metrics') return
        const { step, values } = message.row
        if ('loss' in values) losses.set(step, values.loss)
        if (step === resumedFrom + (kill?.step ?? 0)) trainers[kill!.rank]!.kill('by the test')
      },
    })
    gang.start(task)
    const exit = await within(`${world} ranks to end`, gang.exit, { timeoutMs: 120_000 })
    const told = `${JSON.stringify(exit)}\n${lines.join('\n')}`
    if (kill) assert.equal(exit.rank, kill.rank, told)
    else assert.equal(messages.at(-1)!.type, 'finished', told)
  }
  const folder = await store.folder(`jobs/${job.id}/checkpoints/${steps}`)
  const hash = createHash('sha256')
  for (const suffix of ['index', 'data-00000-of-00001']) {
    hash.update(await readFile(join(folder, `model.ckpt-${steps}.${suffix}`)))
  }
  return { hash: hash.digest('hex'), losses: [...losses], lines }
}

test('a network has the same bytes with one rank and two, and if ranks are killed and their number changes', {
  skip,
}, async t => {
  const fresh = await freshDatasets(t)
  await fresh.upload(await mnistSlice(200), { name: 'digits' })
  const alone = await train(fresh, [{ ranks: 1 }])
  assert.equal(alone.losses.length, steps)
  const changing = await train(fresh, [
    { ranks: 2, kill: { rank: 1, step: 4 } },
    { ranks: 1, kill: { rank: 0, step: 4 } },
    { ranks: 2, kill: { rank: 0, step: 2 } },
    { ranks: 2 },
  ])
  assert.equal(changing.hash, alone.hash)
  assert.deepEqual(changing.losses, alone.losses)
  const places = changing.lines.filter(line => /^4 micro-batches of a step/.test(line))
  assert.deepEqual(
    places.map(line => /of each of 2 ranks$/.test(line)),
    [true, false, true, true],
  )
})
