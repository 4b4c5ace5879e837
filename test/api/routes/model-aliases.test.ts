import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually } from '../../../testing/eventually.js'
import {
  putModel,
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'

let server: TestServer
before(async () => {
  server = await startServer()
  for (const version of [1, 2, 3]) await putModel(server.store, 'shades', version)
})
after(() => server.close())

const image = { instances: [[[0], [0], [0], [0]].flat()] }
const predict = (query = '') => server.api.post(`/models/shades/predict${query}`).send(image)

test('an alias is moved, read, rolled back and deleted, and every route of models takes it', async () => {
  const { api } = server
  const put = await api
    .put('/models/shades/aliases/production')
    .send({ version: 1, reason: 'first' })
  assert.equal(put.status, 200, put.text)
  assert.deepEqual([put.body.alias, put.body.version, put.body.reason], ['production', 1, 'first'])
  assert.match(put.body.by, /^key-[0-9a-f]{8}$/)
  await api.put('/models/shades/aliases/production').send({ version: 2, ifVersion: 1 })
  const late = await api.put('/models/shades/aliases/production').send({ version: 3, ifVersion: 1 })
  assert.deepEqual([late.status, late.body.code], [409, 'ALIAS_CHANGED'])

  const query = '?alias=production'
  assert.equal((await api.get(`/models/shades${query}`)).body.version, 2)
  assert.deepEqual((await api.get(`/models/shades${query}`)).body.aliases, ['production'])
  assert.equal((await predict(query)).body.version, 2)
  const archive = await api.get(`/models/shades/archive${query}`)
  assert.equal(archive.headers['content-disposition'], 'attachment; filename="shades-2.tar"')
  await uploadDataset(server)
  const initFrom = { model: 'shades', alias: 'production' }
  const job = await api.post('/jobs').send({ ...smallJob, initFrom })
  assert.deepEqual(job.body.initFrom, { model: 'shades', version: 2 }, job.text)
  await api.post(`/jobs/${job.body.id}/cancel`)

  const back = await api.post('/models/shades/aliases/production/rollback').send({})
  assert.deepEqual([back.status, back.body.version], [200, 1], back.text)
  const history = await api.get('/models/shades/aliases/production/history')
  assert.deepEqual(
    history.body.items.map((item: { change: string; from: number; to: number }) => [
      item.change,
      item.from,
      item.to,
    ]),
    [
      ['rolledBack', 2, 1],
      ['moved', 1, 2],
      ['moved', null, 1],
    ],
  )
  assert.equal((await api.get('/models/shades/aliases')).body.items.length, 1)
  const used = await api.delete('/models/shades?version=1')
  assert.deepEqual([used.status, used.body.code], [409, 'MODEL_REFERENCED'])
  assert.equal((await api.delete('/models/shades/aliases/production')).status, 204)
  const gone = await predict(query)
  assert.deepEqual([gone.status, gone.body.code], [404, 'ALIAS_NOT_FOUND'])
})

test('a bare name serves the alias default, and an alias and a version together are refused', async () => {
  assert.equal((await predict()).body.version, 3)
  await server.api.put('/models/shades/aliases/default').send({ version: 2 })
  assert.equal((await predict()).body.version, 2)
  assert.equal((await predict('?alias=latest')).body.version, 3)
  assert.equal((await server.api.get('/models/shades')).body.version, 2)
  const { items } = (await server.api.get('/models')).body
  assert.equal(items[0].version, 2)
  const both = await predict('?alias=default&version=1')
  assert.deepEqual([both.status, both.body.code], [422, 'INVALID_SELECTOR'])
  await server.api.delete('/models/shades/aliases/default')
})

test('a promotion says which condition does not hold', async () => {
  const { api } = server
  const promote = (body: object) => api.post('/models/shades/promote').send(body)
  const condition = 'validationAccuracy > champion.validationAccuracy'
  const first = await promote({ version: 1, to: 'champion', if: [condition] })
  assert.deepEqual([first.status, first.body.version], [200, 1], first.text)
  const second = await promote({ version: 2, to: 'champion', if: [condition] })
  assert.deepEqual([second.status, second.body.code], [409, 'PROMOTION_REFUSED'])
  assert.deepEqual(
    second.body.errors.map((error: { path: string; code: string }) => [error.path, error.code]),
    [['/if/0', 'condition_failed']],
  )
  const wrong = await promote({ to: 'champion', if: ['nonsense'] })
  assert.deepEqual([wrong.status, wrong.body.errors.length], [422, 2])
  await api.delete('/models/shades/aliases/champion')
})

test('stage, note and tags change beside a version, with a history, and lists filter by them', async () => {
  const { api } = server
  const patch = (body: object) => api.patch('/models/shades/versions/3').send(body)
  const set = await patch({
    stage: 'staging',
    tags: { team: 'vision', draft: 'yes' },
    reason: 'try',
  })
  assert.equal(set.status, 200, set.text)
  await patch({ tags: { draft: null }, note: 'for night images' })
  const { body } = await api.get('/models/shades?version=3')
  assert.deepEqual(
    [body.stage, body.note, body.tags],
    ['staging', 'for night images', { team: 'vision' }],
  )
  const history = (await api.get('/models/shades/versions/3/history')).body.items
  assert.deepEqual(
    history.map((item: { reason: string }) => item.reason),
    [null, 'try'],
  )
  assert.deepEqual(history[1].tags, { team: 'vision', draft: 'yes' })

  const versions = async (query = '') =>
    (await api.get(`/models/shades/versions${query}`)).body.items.map(
      ({ version }: { version: number }) => version,
    )
  assert.deepEqual(await versions(), [3, 2, 1])
  assert.deepEqual(await versions('?tag=team:vision'), [3])
  assert.deepEqual(await versions('?where=stage=staging'), [3])
  assert.equal((await api.get('/models?tag=team:vision')).body.total, 1)
  assert.equal((await api.get('/models?tag=team:sound')).body.total, 0)
  await api.put('/models/shades/aliases/old').send({ version: 1 })
  assert.equal((await api.get('/models?alias=old')).body.items[0].version, 1)
  assert.equal((await api.get('/models?alias=none')).body.total, 0)
  const many = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`tag${i}`, 'x']))
  const tooMany = await patch({ tags: many })
  assert.deepEqual([tooMany.status, tooMany.body.code], [422, 'TOO_MANY_TAGS'])
  await api.delete('/models/shades/aliases/old')
})

test('bad aliases, versions, tags and conditions are refused with what is expected', async () => {
  const { api } = server
  const put = (alias: string, body: object) => api.put(`/models/shades/aliases/${alias}`).send(body)
  const refusals: [{ status: number }, number][] = [
    [await put('v3', { version: 1 }), 422],
    [await put('latest', { version: 1 }), 422],
    [await put('7', { version: 1 }), 422],
    [await put('a'.repeat(64), { version: 1 }), 422],
    [await put('Production', { version: 1 }), 422],
    [await api.get('/models/shades/aliases/constructor'), 404],
    [await api.get('/models/shades?alias=constructor'), 404],
    [await api.get('/models/shades/traffic?alias=constructor'), 404],
    [await put('production', { version: 9 }), 404],
    [await put('production', { version: 0 }), 400],
    [await put('production', { version: '1' }), 400],
    [await put('production', {}), 400],
    [await put('production', { version: 1, reason: 'x'.repeat(501) }), 400],
    [await api.put('/models/none/aliases/production').send({ version: 1 }), 404],
    [await api.post('/models/shades/aliases/none/rollback').send({}), 404],
    [await api.delete('/models/shades/aliases/none'), 404],
    [await api.get('/models/shades/aliases/none'), 404],
    [await api.get('/models/shades/aliases/none?at=2026-02-30'), 400],
    [await api.patch('/models/shades/versions/9').send({ stage: 'x' }), 404],
    [await api.patch('/models/shades/versions/1').send({ tags: { 'a b': 'x' } }), 400],
    [await api.delete('/models/shades?moveAliasesTo=1'), 400],
    [await predict('?alias=none'), 404],
    [await predict('?version=9'), 404],
  ]
  for (const [i, [{ status }, expected]] of refusals.entries())
    assert.equal(status, expected, String(i))
})

test('traffic is split exactly by weight, or by a header, and shadows are compared and counted', async () => {
  const { api } = server
  await api.put('/models/shades/aliases/challenger').send({ version: 3 })
  const set = await api.put('/models/shades/traffic').send({
    split: [
      { version: 1, weight: 7 },
      { alias: 'challenger', weight: 3 },
    ],
    shadow: [{ version: 2, fraction: 0.5 }],
    stickyHeader: 'x-user-id',
  })
  assert.equal(set.status, 200, set.text)
  const counted = new Map<number, number>()
  for (let i = 0; i < 20; i++) {
    const { version } = (await predict()).body
    counted.set(version, (counted.get(version) ?? 0) + 1)
  }
  assert.deepEqual([...counted].sort(), [
    [1, 14],
    [3, 6],
  ])
  const versionsOf = async (user: string) => {
    const answers = []
    for (let i = 0; i < 4; i++) answers.push((await predict().set('x-user-id', user)).body.version)
    return [...new Set(answers)]
  }
  const chosen = []
  for (let user = 0; user < 12; user++) {
    const versions = await versionsOf(`user-${user}`)
    assert.equal(versions.length, 1)
    chosen.push(versions[0])
  }
  assert.deepEqual([...new Set(chosen)].sort(), [1, 3])
  assert.equal((await predict('?version=2')).body.version, 2)

  const traffic = await eventually('the shadows', async () => {
    const { body } = await api.get('/models/shades/traffic')
    const [shadow] = body.shadows
    return shadow && shadow.compared + shadow.dropped === 34 && body
  })
  assert.deepEqual(
    traffic.shadows.map((each: { version: number }) => each.version),
    [2],
  )
  assert.equal(traffic.shadows[0].different, 0)
  assert.ok(traffic.shadows[0].compared > 0)
  const total = traffic.requests.reduce(
    (sum: number, each: { requests: number }) => sum + each.requests,
    0,
  )
  assert.equal(total, 68)

  const inUse = await api.delete('/models/shades/aliases/challenger')
  assert.deepEqual([inUse.status, inUse.body.code], [409, 'MODEL_REFERENCED'])
  assert.equal((await api.delete('/models/shades?version=1')).status, 409)
  assert.equal((await api.delete('/models/shades/traffic')).status, 204)
  assert.equal((await predict()).body.version, 3)
  assert.equal((await api.get('/models/shades/traffic')).body.set, null)
  await api.delete('/models/shades/aliases/challenger')
})

test('a split without versions, weights or sense is refused, all at once', async () => {
  const put = (body: object) => server.api.put('/models/shades/traffic').send(body)
  const wrong = await put({
    split: [
      { weight: 1 },
      { version: 9, weight: 1 },
      { alias: 'none', weight: 1 },
      { version: 1, weight: 0 },
    ],
    shadow: [{ version: 1, alias: 'none', fraction: 1 }],
  })
  assert.deepEqual([wrong.status, wrong.body.code], [422, 'INVALID_TRAFFIC'])
  assert.deepEqual(
    wrong.body.errors.map((error: { path: string }) => error.path),
    ['/split/0', '/split/1/version', '/split/2/alias', '/shadow/0'],
  )
  assert.equal((await put({ split: [{ version: 1, weight: 0 }] })).status, 422)
  assert.equal((await put({ stickyHeader: 'x-user' })).status, 422)
  for (const weight of [-1, 1.5, 1_000_001, '1', null])
    assert.equal((await put({ split: [{ version: 1, weight }] })).status, 400)
  for (const fraction of [0, -1, 1.1, '1'])
    assert.equal((await put({ shadow: [{ version: 1, fraction }] })).status, 400)
  assert.equal((await put({ alias: 'none', split: [{ version: 1, weight: 1 }] })).status, 404)
})
