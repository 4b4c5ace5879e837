import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Checkpoint } from '../../src/spec/checkpoint.js'
import type { BoostingJobRequest, Job } from '../../src/spec/job.js'
import type { BoostingModel, Explanation, RowPredictions } from '../../src/spec/model.js'
import { assertClose } from '../../testing/assert-close.js'
import { readMemoryMaps } from '../../testing/processes.js'
import { readTable, tablePath } from '../../testing/tables.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { uploadTable } from './tables.js'

/** Long enough to be killed or paused half way. */
const samplingRounds = 200

const samplingRequest = (
  name: string,
  training: BoostingJobRequest['training'] = {},
): BoostingJobRequest => ({
  name,
  model: {
    kind: 'boosting',
    objective: 'multiclass',
    rounds: samplingRounds,
    subsample: 0.5,
    columnSample: 0.5,
  },
  dataset: 'digits',
  training: { validation: 0.2, checkpointEvery: 25, ...training },
})

let deployment: TestDeployment
/** The trees of a job that runs without interruption. */
let undisturbedTrees: Buffer
before(async () => {
  // a spare trainer has TensorFlow loaded
  deployment = await TestDeployment.open({ TRAINYARD_SPARE_TRAINERS: 'off' })
  for (const name of ['diabetes', 'breast-cancer', 'wine', 'digits'])
    await uploadTable(deployment, name)
  undisturbedTrees = await treesOf(await deployment.train(samplingRequest('undisturbed')))
})
after(() => deployment.close())

const get = (path: string) =>
  fetch(deployment.url + path, { headers: { authorization: `Bearer ${deployment.key}` } })

async function modelOf(job: Job): Promise<BoostingModel> {
  assert.equal(job.status, 'succeeded', job.failure?.message)
  return (await deployment.client.models.get(job.result!.model.id)) as BoostingModel
}

/** The file of a job's trees. */
function treesOf(job: Job): Promise<Buffer> {
  assert.equal(job.status, 'succeeded', job.failure?.message)
  const { id, version } = job.result!.model
  return readFile(join(deployment.folder, 'models', id, String(version), 'model.ubj'))
}

const sum = (explanation: Explanation) =>
  Object.values(explanation.contributions).reduce((a, b) => a + b, explanation.bias)

test('the job of examples/boosting.json predicts what scikit-learn predicts', async () => {
  const request = JSON.parse(await readFile('examples/boosting.json', 'utf8'))
  const job = await deployment.train(request)
  const model = await modelOf(job)
  assert.deepEqual([model.step, job.progress.step, job.progress.steps], [3, 3, 3])
  const { rows } = readTable('diabetes')
  const { predictions } = await deployment.client.models.predictRows('three-trees', rows)
  const reference = JSON.parse(
    await readFile('test/boosting/reference/hand-made-trees.json', 'utf8'),
  )
  const expected: number[] = reference.diabetes.predictions
  assert.equal(predictions.length, expected.length)
  for (const [i, { value }] of predictions.entries()) {
    assertClose(value!, expected[i]!, 1e-5 * expected[i]!, `row ${i}`)
  }
})

test('a binary job has live and stored metrics, probabilities, and explanations that add up', async () => {
  const steps: number[] = []
  const job = await deployment.train(
    {
      model: { kind: 'boosting', rounds: 40, maxDepth: 3 },
      dataset: 'breast-cancer',
      training: { validation: 0.2 },
    },
    step => void steps.push(step),
  )
  const model = await modelOf(job)
  assert.equal(model.model.objective, 'binary')
  assert.deepEqual(model.labels, ['0', '1'])
  const every = Array.from({ length: 40 }, (_, i) => i + 1)
  assert.deepEqual(steps, every)
  const { points } = await deployment.client.jobs.metrics(job.id, { limit: '1000' })
  for (const name of ['logloss', 'auc', 'error', 'validationLogloss', 'validationAuc']) {
    assert.deepEqual(
      points[name]?.map(({ step }) => step),
      every,
      name,
    )
  }
  assert.ok(Number(job.metrics.validationAuc) > 0.95, `AUC ${job.metrics.validationAuc}`)
  assert.equal(model.featureImportance.length, 30)
  const { records, roc, confusionMatrix } = model.evaluation!
  assert.equal(records, 114)
  assertClose(roc!.auc, Number(job.metrics.validationAuc), 1e-6, 'AUC')
  assert.equal(
    confusionMatrix!.flat().reduce((total, count) => total + count),
    records,
  )
  assert.ok(model.featureImportance[0]!.gain > 0)

  const { rows, targets } = readTable('breast-cancer')
  const answer = await deployment.client.models.predictRows(model.id, rows.slice(0, 50), {
    explain: true,
  })
  const right = answer.predictions.filter(({ index }, i) => index === targets[i])
  assert.ok(right.length >= 48, `${right.length} of 50`)
  for (const { probabilities, label, index, probability, explanations } of answer.predictions) {
    const [explanation] = explanations!
    assert.ok(Math.abs(probabilities![0]! + probabilities![1]! - 1) < 1e-6)
    assert.equal(probabilities![index!], probability)
    assert.equal(label, String(index))
    assert.ok(Math.abs(sum(explanation!) - explanation!.margin) < 1e-4)
    const sigmoid = 1 / (1 + Math.exp(-explanation!.margin))
    assert.ok(Math.abs(sigmoid - probabilities![1]!) < 1e-6)
  }
})

test('rows to predict are objects, arrays or CSV, and may lack values', async () => {
  const job = await deployment.train({
    name: 'wine',
    model: { kind: 'boosting', objective: 'multiclass', rounds: 20 },
    dataset: 'wine',
    training: { validation: 0 },
  })
  const model = await modelOf(job)
  assert.deepEqual(model.labels, ['0', '1', '2'])
  const { columns, rows, targets } = readTable('wine')
  const inOrder = await deployment.client.models.predictRows('wine', rows)
  assert.deepEqual(
    inOrder.predictions.map(({ label }) => label),
    targets.map(String),
  )
  const byName = rows.map(row => Object.fromEntries(columns.map((name, i) => [name, row[i]])))
  assert.deepEqual(await deployment.client.models.predictRows('wine', byName), inOrder)
  const csv = [columns, ...rows].map(row => row.join(',')).join('\n')
  const sent = await fetch(`${deployment.url}/models/wine/predict`, {
    method: 'POST',
    headers: { authorization: `Bearer ${deployment.key}`, 'content-type': 'text/csv' },
    body: csv,
  })
  assert.deepEqual(await sent.json(), inOrder)
  // the file that was uploaded, with its target
  const uploaded = await fetch(`${deployment.url}/models/wine/predict`, {
    method: 'POST',
    headers: { authorization: `Bearer ${deployment.key}`, 'content-type': 'text/csv' },
    body: await readFile(tablePath('wine')),
  })
  const { notes, ...others } = (await uploaded.json()) as RowPredictions
  assert.deepEqual({ ...others, notes: [] }, inOrder)
  assert.deepEqual(
    notes.map(({ code, columns: names }) => [code, names]),
    [['columns_passed_over', ['target']]],
  )
  const { alcohol: _, ...lacking } = byName[0]!
  const absent = await deployment.client.models.predictRows('wine', [lacking])
  const asNull = await deployment.client.models.predictRows('wine', [{ ...lacking, alcohol: null }])
  assert.deepEqual(asNull.predictions, absent.predictions)
  assert.deepEqual(
    [asNull.notes.length, absent.notes.map(({ columns }) => columns)],
    [0, [['alcohol']]],
  )
  const { predictions } = await deployment.client.models.predictRows('wine', rows.slice(0, 3), {
    explain: true,
  })
  for (const { explanations, probabilities } of predictions) {
    assert.equal(explanations!.length, 3)
    const odds = explanations!.map(({ margin }) => Math.exp(margin))
    const all = odds.reduce((a, b) => a + b)
    for (const [i, one] of explanations!.entries()) {
      assert.ok(Math.abs(sum(one) - one.margin) < 1e-4)
      assert.ok(Math.abs(odds[i]! / all - probabilities![i]!) < 1e-5)
    }
  }
  // explained by XGBoost in its process; without explanations, the API predicts by itself
  assert.deepEqual(
    predictions.map(({ explanations: _, ...others }) => others),
    inOrder.predictions.slice(0, 3),
  )
})

test('a job whose trainer is killed twice ends with the trees of an undisturbed job', async () => {
  const kills = [40, 120]
  const seen: number[] = []
  const killed = await deployment.train(samplingRequest('killed'), async step => {
    seen.push(step)
    if (kills[0] === undefined || step < kills[0]) return
    kills.shift()
    process.kill(await deployment.activeTrainer(), 'SIGKILL')
  })
  assert.equal(killed.attempt, 3)
  assert.deepEqual(
    seen.filter((step, i) => step !== seen[i - 1]),
    Array.from({ length: samplingRounds }, (_, i) => i + 1),
  )
  assert.ok((await treesOf(killed)).equals(undisturbedTrees), 'the trees differ')
  const json = (await (await get('/models/killed/export?format=json')).json()) as {
    learner: { gradient_booster: { model: { trees: unknown[] } } }
  }
  assert.equal(json.learner.gradient_booster.model.trees.length, samplingRounds * 10)
})

test('a paused job that resumes ends with the same trees, and its trainer never loads TensorFlow', async () => {
  const job = await deployment.client.jobs.submit(
    samplingRequest('paused', { checkpointEvery: 1000 }),
  )
  let maps = ''
  for await (const { event, data } of deployment.follow(job.id)) {
    if (event === 'job' && data.status === 'paused') break
    if (event !== 'metrics' || data.step !== 20) continue
    maps = await readMemoryMaps(await deployment.activeTrainer())
    await deployment.client.jobs.act(job.id, 'pause')
  }
  assert.match(maps, /libxgboost/)
  assert.doesNotMatch(maps, /tensorflow/)
  const kept = (await (await get(`/jobs/${job.id}/checkpoints`)).json()) as { items: Checkpoint[] }
  assert.equal(kept.items.length, 1)
  const [{ format, prefix, files, step }] = kept.items as [Checkpoint]
  assert.deepEqual([format, prefix], ['xgboost', null])
  assert.deepEqual(files.map(({ name }) => name).sort(), ['booster.ubj', 'model.ubj'])
  const tar = Buffer.from(
    await (await get(`/jobs/${job.id}/checkpoints/${step}/archive`)).arrayBuffer(),
  )
  assert.ok(tar.includes(`${job.id}-${step}/model.ubj`))
  await deployment.client.jobs.act(job.id, 'resume')
  const ended = await deployment.waitForEnd(job)
  assert.equal(ended.attempt, 2)
  assert.ok((await treesOf(ended)).equals(undisturbedTrees), 'the trees differ')
})

test('a cancelled job that is retried ends with the same trees', async () => {
  const job = await deployment.client.jobs.submit(samplingRequest('cancelled'))
  const cancelled = await deployment.waitForEnd(job, async step => {
    if (step === 15) await deployment.client.jobs.act(job.id, 'cancel')
  })
  assert.equal(cancelled.status, 'cancelled')
  await deployment.client.jobs.act(job.id, 'retry')
  assert.ok((await treesOf(await deployment.waitForEnd(job))).equals(undisturbedTrees))
})

test('a job that stops improving ends early, and its model has the best number of rounds', async () => {
  const job = await deployment.train({
    model: { kind: 'boosting', rounds: 400, learningRate: 0.5 },
    dataset: 'diabetes',
    training: { validation: 0.3, earlyStopping: { metric: 'validationMae', patience: 5 } },
  })
  const model = await modelOf(job)
  assert.ok(job.result!.stoppedEarly)
  const { points } = await deployment.client.jobs.metrics(job.id, {
    names: 'validationMae',
    limit: '1000',
  })
  const values = points.validationMae!.map(({ value }) => Number(value))
  const best = values.indexOf(Math.min(...values)) + 1
  assert.equal(model.step, best)
  assert.equal(job.progress.step, best + 5)
  assert.equal(model.metrics.validationMae, values[best - 1])
})

test('categories are matched by name in another table; an unknown one is missing, or an error', async () => {
  const colours = ['red', 'green', 'blue']
  const lines = (names: readonly string[], rows: number) =>
    Array.from({ length: rows }, (_, i) => {
      const colour = names[(i * 7) % names.length]!
      return `${colour},${i % 10},${colour === 'green' ? 'yes' : 'no'}`
    })
  const csv = (names: readonly string[], rows: number) =>
    ['colour,size,sold', ...lines(names, rows)].join('\n')
  await uploadTable(deployment, 'sales', csv(colours, 300), 'sold')
  await uploadTable(deployment, 'more-sales', csv(['green', 'grey', 'red'], 90), 'sold')
  const job = await deployment.train({
    name: 'sales',
    model: { kind: 'boosting', rounds: 10 },
    dataset: 'sales',
    training: { validation: { dataset: 'more-sales' } },
  })
  const model = await modelOf(job)
  assert.deepEqual(model.labels, ['no', 'yes'])
  assert.deepEqual(model.input.columns, [
    { name: 'colour', type: 'category', categories: ['blue', 'green', 'red'] },
    { name: 'size', type: 'integer', categories: null },
  ])
  assert.equal(job.metrics.validationError, 0)
  const ask = (colour: string | null, options = {}) =>
    deployment.client.models.predictRows('sales', [{ colour, size: 3 }], options)
  assert.equal((await ask('green')).predictions[0]!.label, 'yes')
  assert.equal((await ask('red')).predictions[0]!.label, 'no')
  const unknown = await ask('pink')
  assert.deepEqual(unknown.predictions, (await ask(null)).predictions)
  assert.deepEqual(unknown.unknownCategories, { colour: 1 })
  await assert.rejects(ask('pink', { unknownCategory: 'error' }), /colour.*pink.*blue.*green.*red/s)
})

test('ranking orders rows, quantiles are predicted together, and counts are never negative', async () => {
  const csv = ['query,a,b,relevance,count']
  for (let query = 0; query < 40; query++) {
    for (let i = 0; i < 8; i++) csv.push(`${query},${i},${(query * 5 + i) % 3},${i >> 1},${i % 4}`)
  }
  await uploadTable(deployment, 'pages', csv.join('\n'), 'relevance')
  const common = { dataset: 'pages' }
  const ranking = await deployment.train({
    ...common,
    name: 'ranking',
    model: { kind: 'boosting', objective: 'ranking', rounds: 20 },
    training: { group: 'query', features: ['a', 'b'], validation: 0.25 },
  })
  await modelOf(ranking)
  assert.ok(Number(ranking.metrics.validationNdcg) > 0.99, `${ranking.metrics.validationNdcg}`)
  const { predictions } = await deployment.client.models.predictRows('ranking', [
    [7, 0],
    [0, 0],
  ])
  assert.ok(predictions[0]!.score! > predictions[1]!.score!)

  const quantile: BoostingJobRequest = {
    ...common,
    name: 'quantile',
    model: { kind: 'boosting', objective: 'quantile', quantile: [0.1, 0.9], rounds: 20 },
  }
  await modelOf(await deployment.train(quantile))
  const spread = await deployment.client.models.predictRows('quantile', [{ a: 3 }], {
    explain: true,
  })
  assert.deepEqual(spread.quantiles, [0.1, 0.9])
  assert.ok(spread.predictions[0]!.values![0]! <= spread.predictions[0]!.values![1]!)
  assert.equal(spread.predictions[0]!.explanations!.length, 2)

  const poisson: BoostingJobRequest = {
    ...common,
    name: 'poisson',
    model: { kind: 'boosting', objective: 'poisson', rounds: 20 },
    training: { target: 'count' },
  }
  await modelOf(await deployment.train(poisson))
  const counts = await deployment.client.models.predictRows('poisson', [{ a: 0 }, { a: 3 }])
  assert.ok(counts.predictions.every(({ value }) => value! >= 0))

  const rates = { ...poisson, name: 'rates', training: { target: 'count', offset: 'b' } }
  await modelOf(await deployment.train(rates))
  const instances = [0, 1].map(b => ({ a: 2, query: 5, relevance: 0, b }))
  const rated = await deployment.client.models.predictRows('rates', instances, { explain: true })
  const [one, e] = rated.predictions
  assertClose(e!.value! / one!.value!, Math.E, 1e-4, 'a rate per exposure')
  assertClose(sum(e!.explanations![0]!), Math.log(e!.value!), 1e-4, 'contributions')
})

test('a ranking table whose groups lie apart has the trees of the sorted table', async () => {
  const lines = ['1,1,0', '2,1,1', '1,3,1', '2,2,0']
  const treesOfLines = async (name: string, rows: string[]) => {
    await uploadTable(deployment, name, ['query,a,target', ...rows, ''].join('\n'))
    return treesOf(
      await deployment.train({
        model: { kind: 'boosting', objective: 'ranking', rounds: 5 },
        dataset: name,
        training: { group: 'query', validation: 0 },
      }),
    )
  }
  const apart = await treesOfLines('apart', lines)
  const together = await treesOfLines('together', lines.toSorted())
  assert.ok(apart.equals(together), 'the trees differ')
})

test('each invalid value is reported with its row and column', async () => {
  const refused = async (instances: unknown[]) => {
    const answer = await fetch(`${deployment.url}/models/wine/predict`, {
      method: 'POST',
      headers: { authorization: `Bearer ${deployment.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ instances }),
    })
    const { code, errors } = (await answer.json()) as {
      code: string
      errors: { path: string; code: string }[]
    }
    return [answer.status, code, ...errors.map(({ path, code }) => `${path} ${code}`)]
  }
  const row = (more: object) => ({ alcohol: 13, ...more })
  const table: [unknown[], (string | number)[]][] = [
    [[[1, 2]], [422, 'INVALID_INSTANCES', '/instances/0 wrong_length']],
    [
      [row({}), row({ hue: 'red', ash: true })],
      [
        422,
        'INVALID_INSTANCES',
        '/instances/1/hue invalid_value',
        '/instances/1/ash invalid_value',
      ],
    ],
    [[row({ colour: 1 })], [422, 'INVALID_INSTANCES', '/instances/0/colour unknown_column']],
    [[row({ proline: '1.5' })], [422, 'INVALID_INSTANCES', '/instances/0/proline invalid_value']],
    [[3], [400, 'INVALID_REQUEST', '/instances/0 wrong_type']],
    [[null], [400, 'INVALID_REQUEST', '/instances/0 wrong_type']],
    [[], [400, 'INVALID_REQUEST', '/instances wrong_length']],
    [Array(10_001).fill([]), [400, 'INVALID_REQUEST', '/instances wrong_length']],
  ]
  for (const [instances, expected] of table) assert.deepEqual(await refused(instances), expected)
})

test('a model can be downloaded as an XGBoost file and as an archive of its files', async () => {
  const ubj = Buffer.from(await (await get('/models/wine/export')).arrayBuffer())
  assert.ok(ubj.equals(await readFile(join(deployment.folder, 'models/wine/1/model.ubj'))))
  const onnx = Buffer.from(await (await get('/models/wine/export?format=onnx')).arrayBuffer())
  assert.ok(onnx.includes('TreeEnsembleRegressor'))
  const tar = Buffer.from(await (await get('/models/wine/archive')).arrayBuffer())
  for (const name of ['manifest.json', 'model.json', 'model.ubj']) {
    assert.ok(tar.includes(`wine-1/${name}`), name)
  }
  const listed = (await (await get('/models')).json()) as { items: { id: string }[] }
  assert.ok(listed.items.some(({ id }) => id === 'wine'))
})

test('a network cannot start from trees, and a boosting model rejects images', async () => {
  const network = { model: { kind: 'resnet' as const }, dataset: 'wine' }
  await assert.rejects(
    deployment.client.jobs.submit({ ...network, initFrom: { model: 'wine' } }),
    /model 'wine' made trees/,
  )
  await assert.rejects(
    deployment.client.jobs.submit(network),
    /'wine' is a table; a resnet needs images/,
  )
  const answer = await fetch(`${deployment.url}/models/wine/predict`, {
    method: 'POST',
    headers: { authorization: `Bearer ${deployment.key}`, 'content-type': 'image/png' },
    body: new Uint8Array(8),
  })
  assert.equal(answer.status, 415)
})

test('a dry run returns the plan of a job', async () => {
  const plan = await deployment.client.jobs.plan({ model: { kind: 'boosting' }, dataset: 'wine' })
  assert.deepEqual([plan.steps, plan.stepsPerEpoch, plan.parameters], [100, null, null])
  assert.ok(plan.memory.totalBytes > plan.memory.stateBytes)
})

// the tests above have started the row predictor
test('rows are predicted by a process without TensorFlow', async () => {
  const answer: RowPredictions = await deployment.client.models.predictRows('three-trees', [{}])
  assert.equal(answer.predictions.length, 1)
  const pid = await deployment.pidOf('workers/row-predictor.js')
  assert.doesNotMatch(await readMemoryMaps(pid!), /tensorflow/)
})
