import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../../testing/eventually.js'
import { putModel, startServer } from '../../testing/test-server.js'

test('a pinned model is loaded in the version that its bare name means', async t => {
  const server = await startServer({ pinnedModels: ['shades', 'tones'] })
  t.after(() => server.close())
  const loaded = () =>
    server.deps.predictor.loadedModels.map(({ name, version }) => `${name}/${version}`)
  const eventuallyLoaded = (model: string) =>
    eventually(`${model} to be loaded`, () => loaded().includes(model))
  await putModel(server.store, 'shades', 1)
  await eventuallyLoaded('shades/1')
  await putModel(server.store, 'shades', 2)
  await eventuallyLoaded('shades/2')
  const alias = await server.api.put('/models/shades/aliases/default').send({ version: 1 })
  assert.equal(alias.status, 200, alias.text)
  await putModel(server.store, 'shades', 3)
  // a model that is published later is looked for at the same time
  await putModel(server.store, 'tones', 1)
  await eventuallyLoaded('tones/1')
  assert.ok(!loaded().includes('shades/3'), `${loaded()} are loaded`)
})
