import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PNG } from 'pngjs'
import type {
  ImageExplanation,
  ImageExplanations,
  RowExplanations,
} from '../../src/spec/explanation.js'
import type { Job } from '../../src/spec/job.js'
import type { RowPredictions } from '../../src/spec/model.js'
import type { Problem } from '../../src/spec/problem.js'
import { readTable } from '../../testing/tables.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { uploadTable } from './tables.js'

const side = 16
const half = side / 2
/** Height and width of the stripes that decide the class. */
const patch = 6

let deployment: TestDeployment
let job: Job
before(async () => {
  deployment = await TestDeployment.open()
  await deployment.client.datasets.push('stripes', stripes(600))
  await uploadTable(deployment, 'wine')
  await uploadTable(deployment, 'diabetes')
  const [network, ...trees] = await Promise.all([
    deployment.train({
      name: 'stripes',
      model: { kind: 'resnet', block: 'plain', blocks: 1, filters: 8 },
      dataset: 'stripes',
      training: { steps: 150, batchSize: 32, validation: 0.1 },
      // a note would tell of bf16, which not every machine computes in
      serving: { precision: 'fp32' },
    }),
    ...['wine', 'diabetes'].map(name =>
      deployment.train({
        name,
        model: {
          ...{ kind: 'boosting', rounds: 10 },
          objective: name === 'wine' ? 'multiclass' : 'regression',
        },
        dataset: name,
        training: {},
      }),
    ),
  ])
  job = network
  for (const each of [network, ...trees]) {
    assert.equal(each.status, 'succeeded', each.failure?.message)
  }
  assert.ok(Number(job.metrics.validationAccuracy) > 0.95, `${job.metrics.validationAccuracy}`)
})
after(() => deployment.close())

interface Striped {
  pixels: Uint8Array
  /** 0: horizontal stripes, 1: vertical ones. */
  label: number
  /** Quadrant of the stripes: upper left, upper right, lower left, lower right. */
  quadrant: number
}

/** Dark noise, with stripes somewhere within one quadrant. */
function stripedImage(i: number): Striped {
  const random = (n: number) => Math.abs(Math.sin((i + 1) * 127.1 + n * 311.7) * 43758.5453) % 1
  const label = i % 2
  const quadrant = Math.floor(random(-1) * 4)
  const [top, left] = [-2, -3].map((n, axis) => {
    const within = Math.floor(random(n) * (half - patch + 1))
    return within + half * (axis === 0 ? quadrant >> 1 : quadrant & 1)
  }) as [number, number]
  const pixels = Uint8Array.from({ length: side * side }, (_, at) => {
    const [y, x] = [Math.floor(at / side) - top, (at % side) - left]
    const isInside = y >= 0 && y < patch && x >= 0 && x < patch
    return isInside && (label ? x : y) % 2 === 0 ? 220 : random(at) * 30
  })
  return { pixels, label, quadrant }
}

function stripes(count: number) {
  const images = Buffer.alloc(16 + count * side * side)
  const labels = Buffer.alloc(8 + count)
  images.writeUInt32BE(0x803, 0)
  for (const [i, size] of [count, side, side].entries()) images.writeUInt32BE(size, 4 + 4 * i)
  labels.writeUInt32BE(0x801, 0)
  labels.writeUInt32BE(count, 4)
  for (let i = 0; i < count; i++) {
    const { pixels, label } = stripedImage(i)
    images.set(pixels, 16 + i * side * side)
    labels[8 + i] = label
  }
  return [
    { name: 'train-images-idx3-ubyte', content: new Blob([images]) },
    { name: 'train-labels-idx1-ubyte', content: new Blob([labels]) },
  ]
}

/** Enlarged, so that the server makes it smaller. */
function pngOf({ pixels }: Striped, factor = 1): Buffer {
  const png = new PNG({ width: side * factor, height: side * factor })
  for (let y = 0; y < png.height; y++) {
    for (let x = 0; x < png.width; x++) {
      const value = pixels[Math.floor(y / factor) * side + Math.floor(x / factor)]!
      png.data.set([value, value, value, 255], 4 * (y * png.width + x))
    }
  }
  return PNG.sync.write(png)
}

/** Not among the images that the job has seen. */
const unseen = [0, 1, 2, 3, 4, 5, 6, 7].map(i => stripedImage(10_000 + i))

const post = (path: string, body: Uint8Array | FormData | object, type?: string) => {
  const isRaw = body instanceof Uint8Array || body instanceof FormData
  const contentType = body instanceof FormData ? null : (type ?? 'application/json')
  return fetch(deployment.url + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${deployment.key}`,
      ...(contentType && { 'content-type': contentType }),
    },
    body: (isRaw ? body : JSON.stringify(body)) as NonNullable<RequestInit['body']>,
  })
}

async function explain<T = ImageExplanations>(...request: Parameters<typeof post>): Promise<T> {
  const answer = await post(...request)
  const text = await answer.text()
  assert.equal(answer.status, 200, text)
  return JSON.parse(text) as T
}

async function refused(status: number, ...request: Parameters<typeof post>): Promise<Problem> {
  const answer = await post(...request)
  const problem = (await answer.json()) as Problem
  assert.equal(answer.status, status, JSON.stringify(problem))
  return problem
}

/** The shares of the absolute values of a map that lie in each quadrant. */
function sharesOf({ map: { values } }: ImageExplanation): number[] {
  const sums = [0, 0, 0, 0]
  for (const [y, row] of values.entries()) {
    for (const [x, value] of row.entries()) {
      const at = 2 * Number(y >= half) + Number(x >= half)
      sums[at]! += Math.abs(value)
    }
  }
  const total = sums.reduce((sum, each) => sum + each)
  return sums.map(sum => sum / total)
}

for (const method of ['gradCam', 'integratedGradients']) {
  test(`maps of ${method} show the quadrant that decides the class`, async () => {
    const form = new FormData()
    for (const [i, image] of unseen.entries()) {
      form.append('image', new Blob([pngOf(image) as Uint8Array<ArrayBuffer>]), `${i}.png`)
    }
    const { explanations, labels, notes } = await explain(
      `/models/stripes/explain?method=${method}`,
      form,
    )
    assert.deepEqual(
      notes.filter(({ code }) => code !== 'images_converted'),
      [],
    )
    assert.equal(explanations.length, unseen.length)
    for (const [i, explanation] of explanations.entries()) {
      const { label, quadrant } = unseen[i]!
      const { target, predicted, name, map } = explanation
      assert.deepEqual([name, target], [`${i}.png`, predicted])
      assert.deepEqual([target.index, target.label], [label, labels[label]])
      assert.deepEqual([map.values.length, map.values[0]!.length], [side, side])
      const shares = sharesOf(explanation)
      // the noise elsewhere speaks for a class too, but a uniform map would have a quarter there
      assert.ok(shares[quadrant]! > 0.4, `the quadrant ${quadrant} of image ${i} has ${shares}`)
    }
  })
}

test('integrated gradients say what they add up to, which more steps improve', async () => {
  const gaps = []
  for (const steps of [2, 200]) {
    const body = { instances: [[...unseen[0]!.pixels]] }
    const path = `/models/stripes/explain?method=integratedGradients&steps=${steps}&baseline=mean`
    const { explanations, ...head } = await explain(path, body)
    assert.deepEqual(
      [head.steps, head.baseline, head.rule, head.precision],
      [steps, 'mean', 'trapezoid', 'fp32'],
    )
    const [{ completeness, map, source }] = explanations as [ImageExplanation]
    const sum = map.values.flat().reduce((total, value) => total + value * map.scale, 0)
    assert.ok(Math.abs(sum - completeness!.sum) < 1e-3 * map.scale)
    assert.equal(source, null)
    gaps.push(completeness!.relativeGap!)
  }
  assert.ok(gaps[1]! < gaps[0]! && gaps[1]! < 0.02, `${gaps}`)
})

test('a class is chosen by label or index, and a layer by its name in the answer', async () => {
  const [image] = unseen as [Striped]
  const ask = (query: string) =>
    explain(`/models/stripes/explain?${query}`, pngOf(image, 3), 'image/png')
  const byDefault = await ask('')
  const [explanation] = byDefault.explanations as [ImageExplanation]
  assert.deepEqual(
    byDefault.layer,
    byDefault.layers!.map(name => ({ name, height: side, width: side })).at(-1),
  )
  assert.deepEqual(explanation.source, {
    ...{ height: 3 * side, width: 3 * side },
    ...{ scale: [1 / 3, 1 / 3], offset: [0, 0] },
  })
  assert.ok(byDefault.notes.some(({ code }) => code === 'images_resized'))
  const other = 1 - image.label
  const chosen = await ask(`target=${byDefault.labels[other]}`)
  assert.equal(chosen.explanations[0]!.target.index, other)
  assert.equal(chosen.explanations[0]!.predicted.index, image.label)
  assert.deepEqual(await ask(`target=${other}`), chosen)
  const [layer] = byDefault.layers as [string]
  const early = await ask(`layer=${encodeURIComponent(layer)}`)
  assert.equal(early.layer!.name, layer)
  assert.notDeepEqual(early.explanations[0]!.map, explanation.map)
})

test('a picture has the size of the map, and headers say what JSON does', async () => {
  const [image] = unseen as [Striped]
  for (const [query, accept, picture] of [
    ['', 'image/png', 'heatMap'],
    ['?format=overlay&method=integratedGradients', '*/*', 'overlay'],
  ] as const) {
    const answer = await fetch(`${deployment.url}/models/stripes/explain${query}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${deployment.key}`,
        'content-type': 'image/png',
        accept,
      },
      body: pngOf(image, 2) as Uint8Array<ArrayBuffer>,
    })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), 'image/png')
    assert.equal(answer.headers.get('model-version'), '1')
    assert.match(answer.headers.get('prediction-notes')!, /images_resized/)
    const facts = JSON.parse(answer.headers.get('explanation')!)
    assert.equal(facts.picture, picture)
    assert.equal(facts.target.index, image.label)
    assert.ok(facts.map.scale > 0)
    const png = PNG.sync.read(Buffer.from(await answer.arrayBuffer()))
    assert.deepEqual([png.height, png.width], [side, side])
  }
})

test('a checkpoint of a job is explained like a model', async () => {
  const [image] = unseen as [Striped]
  const body = { instances: [{ b64: pngOf(image).toString('base64') }] }
  const answer = await explain(`/jobs/${job.id}/explain?at=latest`, body)
  assert.deepEqual([answer.job, answer.step, answer.model], [job.id, 150, undefined])
  assert.deepEqual(answer.method, 'gradCam')
  assert.equal(answer.explanations[0]!.map.values.length, side)
})

test('version 1 of KServe’s protocol explains too, in a body of any type', async () => {
  const [image] = unseen as [Striped]
  const instances = [[...image.pixels]]
  const own = await explain('/models/stripes/explain?target=1', { instances })
  const body = Buffer.from(JSON.stringify({ instances }))
  const type = 'application/x-www-form-urlencoded'
  const path = '/v1/models/stripes:explain?target=1'
  assert.deepEqual(await explain(path, body, type), own)
  const rows = { instances: readTable('wine').rows.slice(0, 1) }
  const shap = await explain<RowExplanations>('/v1/models/wine:EXPLAIN', rows)
  assert.deepEqual(shap, await explain('/models/wine/explain', rows))
  const answer = await post('/v1/models/stripes:explain?target=9', { instances })
  assert.equal(answer.status, 422)
  assert.match(((await answer.json()) as { error: string }).error, /no class '9'/)
})

test('SHAP values of rows add up to the margin, for the class that is asked for', async () => {
  const { rows } = readTable('wine')
  const body = { instances: rows.slice(0, 3) }
  const byDefault = await explain<RowExplanations>('/models/wine/explain', body)
  const chosen = await explain<RowExplanations>('/models/wine/explain?target=2', body)
  const predicted = (await (
    await post('/models/wine/predict?explain=true', body)
  ).json()) as RowPredictions
  assert.deepEqual([byDefault.method, chosen.labels], ['shap', predicted.labels])
  for (const [i, { index, probabilities, explanations }] of predicted.predictions.entries()) {
    for (const [{ explanations: all }, target] of [
      [byDefault, index!],
      [chosen, 2],
    ] as const) {
      const { target: explained, predicted: found, ...shap } = all[i]!
      assert.deepEqual([explained!.index, found!.index], [target, index])
      assert.equal(explained!.probability, probabilities![target])
      assert.deepEqual(shap, explanations![target])
      const sum = Object.values(shap.contributions).reduce((a, b) => a + b, shap.bias)
      assert.ok(Math.abs(sum - shap.margin) < 1e-4)
    }
  }
  const { rows: patients } = readTable('diabetes')
  const values = await explain<RowExplanations>('/models/diabetes/explain', {
    instances: patients.slice(0, 2),
  })
  for (const { target, value, margin } of values.explanations) {
    assert.equal(target, null)
    assert.equal(value, margin)
  }
})

test('what a model or a method does not have is refused with what it has', async () => {
  const [image] = unseen as [Striped]
  const png = pngOf(image)
  const network = (query: string, status = 400) =>
    refused(status, `/models/stripes/explain?${query}`, png, 'image/png')
  const rows = { instances: readTable('wine').rows.slice(0, 1) }
  const trees = (query: string, body: object = rows) =>
    refused(400, `/models/wine/explain?${query}`, body)

  const layer = await network('layer=conv9', 422)
  assert.match(layer.detail!, /no layer 'conv9'.*'resnet\/conv_top', 'resnet\/unit_1'/)
  const target = await network('target=zebra', 422)
  assert.match(target.detail!, /no class 'zebra'; it has '0', '1'/)
  assert.match((await network('target=2', 422)).detail!, /no class '2'/)
  assert.match((await network('method=shap')).detail!, /is a network, which shap does not explain/)
  assert.match((await network('steps=9')).detail!, /steps is of integratedGradients/)
  assert.match(
    (await network('method=integratedGradients&layer=resnet/conv_top')).detail!,
    /layer is of gradCam/,
  )
  assert.equal((await network('steps=9')).errors![0]!.path, 'querystring:/steps')

  const gradCam = await trees('method=gradCam')
  assert.match(gradCam.detail!, /is of boosted trees, which gradCam does not explain/)
  assert.match(gradCam.errors![0]!.message, /expected shap/)
  assert.match((await trees('format=overlay')).detail!, /no picture/)
  assert.match((await trees('', { ...rows, explain: false })).detail!, /explain is false/)
  const regression = await refused(400, '/models/diabetes/explain?target=1', {
    instances: readTable('diabetes').rows.slice(0, 1),
  })
  assert.match(regression.detail!, /predicts one number/)

  const two = { instances: [[...image.pixels], [...image.pixels]] }
  const pictures = await refused(400, '/models/stripes/explain?format=heatMap', two)
  assert.match(pictures.detail!, /has 2 images/)
  const many = { instances: Array.from({ length: 17 }, () => [...image.pixels]) }
  assert.match((await refused(400, '/models/stripes/explain', many)).detail!, /expected 1 to 16/)
  const broken = Buffer.from(png).fill(0, 60)
  await refused(422, '/models/stripes/explain', broken, 'image/png')
})
