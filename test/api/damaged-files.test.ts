// Every kind of record in the data folder, damaged in every way: it is named, counted and passed over, it hides
// nothing else, and it can be deleted.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cp, mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { DamageKind } from '../../src/spec/damage.js'
import type { WeightsManifest } from '../../src/spec/weights.js'
import { eventually } from '../../testing/eventually.js'
import { startAttempt } from '../../testing/running-job.js'
import {
  putModel,
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../testing/test-server.js'

let server: TestServer
before(async () => {
  server = await startServer({ webhooks: 'private' })
  await uploadDataset(server, 'shades', 40)
})
after(() => server.close())

interface Made {
  id: string
  /** The file to damage, relative to the data folder. */
  file: string
  /** Query of the DELETE. */
  query?: string
}

interface Thing {
  kind: DamageKind
  resource: string
  make(): Promise<Made>
  /** Ways of damage that make no difference, or that end the thing. */
  except?: readonly string[]
}

let made = 0

async function submitJob(): Promise<string> {
  const { status, body } = await server.api.post('/jobs').send(smallJob)
  assert.equal(status, 202)
  return body.id
}

/** Commits a copy of the uploaded data set under another id and name: an upload takes a second. */
async function makeDataset() {
  const name = `set-${++made}`
  const id = `ds-${String(made).padStart(16, '0')}`
  const { body: manifest } = await server.api.get('/datasets/shades')
  const staged = await server.store.stage()
  await writeFile(join(staged, 'shard'), '')
  await server.store.commit(staged, `datasets/${id}`, { ...manifest, id, name })
  const pointer = { id, history: [{ id, at: manifest.createdAt }] }
  await server.store.createJson<typeof pointer>(`dataset-names/${name}.json`, pointer)
  return { id, name }
}

async function putWeights(id: string): Promise<void> {
  const staged = await server.store.stage()
  await writeFile(join(staged, 'w.index'), 'index')
  const manifest: WeightsManifest = {
    ...{ id, name: 'w', createdAt: new Date().toISOString(), format: 'v2', prefix: 'w', bytes: 5 },
    tensors: [{ name: 'a', dtype: 'float32', shape: [2] }],
  }
  await server.store.commit(staged, `weights/${id}`, manifest)
}

const things: Record<string, Thing> = {
  'manifest of a job': {
    kind: 'job',
    resource: 'jobs',
    async make() {
      const id = await submitJob()
      await startAttempt(server.store, id)
      return { id, file: `jobs/${id}/manifest.json` }
    },
  },
  'entry of a journal': {
    kind: 'job',
    resource: 'jobs',
    async make() {
      const id = await submitJob()
      await startAttempt(server.store, id)
      await startAttempt(server.store, id)
      return { id, file: `jobs/${id}/journal/1.json` }
    },
    except: ['of another'],
  },
  'record of an attempt': {
    kind: 'job',
    resource: 'jobs',
    async make() {
      const id = await submitJob()
      await startAttempt(server.store, id)
      return { id, file: `jobs/${id}/attempts/1/status.json` }
    },
    except: ['removed', 'of another'],
  },
  'manifest of a data set': {
    kind: 'dataset',
    resource: 'datasets',
    async make() {
      const { id } = await makeDataset()
      return { id, file: `datasets/${id}/manifest.json` }
    },
  },
  'name of a data set': {
    kind: 'dataset_name',
    resource: 'datasets',
    async make() {
      const { name } = await makeDataset()
      return { id: name, file: `dataset-names/${name}.json` }
    },
    except: ['removed', 'of another'],
  },
  'manifest of a model': {
    kind: 'model',
    resource: 'models',
    async make() {
      const id = `model-${++made}`
      await putModel(server.store, id)
      await putModel(server.store, id, 2)
      return { id, file: `models/${id}/2/manifest.json`, query: '?version=2' }
    },
  },
  'manifest of weights': {
    kind: 'weights',
    resource: 'weights',
    async make() {
      const id = `wt-${String(++made).padStart(16, '0')}`
      await putWeights(id)
      return { id, file: `weights/${id}/manifest.json` }
    },
  },
  'config of a webhook': {
    kind: 'webhook',
    resource: 'webhooks',
    async make() {
      const { body } = await server.api.post('/webhooks').send({ url: 'http://127.0.0.1:9/' })
      return { id: body.id, file: `webhooks/${body.id}/webhook.json` }
    },
    except: ['removed'],
  },
}

type Change = (path: string, other: string) => Promise<void>

const replaceBy =
  (make: (path: string) => Promise<void>): Change =>
  async path => {
    await rm(path)
    await make(path)
  }

const damages: Record<string, Change> = {
  removed: path => rm(path),
  empty: path => truncate(path, 0),
  'cut in half': async path => truncate(path, (await readFile(path)).length >> 1),
  'a flipped byte': async path => {
    const bytes = await readFile(path)
    const at = bytes.indexOf('-') + 1
    bytes[at]! ^= 1
    await writeFile(path, bytes)
  },
  garbage: path => writeFile(path, Buffer.alloc(5000, 0xa7)),
  zeros: path => writeFile(path, Buffer.alloc(5000)),
  null: path => writeFile(path, 'null'),
  'a list': path => writeFile(path, '[]'),
  'no field': path => writeFile(path, '{}'),
  'fields of other types': async path => {
    const { checksum: _, ...record } = JSON.parse(await readFile(path, 'utf8'))
    const wrong = Object.keys(record).map(key => [key, key === 'id' ? record.id : { a: [1] }])
    await writeFile(path, JSON.stringify(Object.fromEntries(wrong)))
  },
  'of another': (path, other) => cp(other, path),
  'a folder': replaceBy(async path => {
    await mkdir(path)
    await writeFile(join(path, 'file'), '')
  }),
  'a loop of links': replaceBy(path => symlink(path, path)),
  'a pipe': replaceBy(async path => void execFileSync('mkfifo', [path])),
  'a link to nothing that ends': replaceBy(path => symlink('/dev/zero', path)),
}

const gauge = async (kind: DamageKind) => {
  const { text } = await server.api.get('/metrics')
  return Number(new RegExp(`^trainyard_damaged{kind="${kind}"} (\\d+)$`, 'm').exec(text)?.[1])
}

for (const [name, { kind, resource, make, except = [] }] of Object.entries(things)) {
  test(`a damaged ${name} is named, counted and passed over, and can be deleted`, async t => {
    const intact = await make()
    const cases = Object.entries(damages).filter(([way]) => !except.includes(way))
    for (const [way, damage] of cases) {
      const { id, file, query = '' } = await make()
      const path = join(server.folder, 'data', file)
      await damage(path, join(server.folder, 'data', intact.file))
      const what = `${name}: ${way}`

      const list = await server.api.get(`/${resource}?limit=1000`)
      assert.equal(list.status, 200, `${what}: ${list.text}`)
      const named = list.body.damaged.find((each: { id: string }) => each.id === id)
      assert.equal(named?.file, file, `${what}: ${JSON.stringify(list.body.damaged)}`)
      assert.ok(named.reason.length > 5, what)
      if (kind !== 'dataset_name') {
        const ids = list.body.items.map((each: { id: string }) => each.id)
        assert.ok(ids.includes(intact.id), what)
        // of a model, the version before is listed
        assert.equal(ids.includes(id), kind === 'model', what)
      }
      assert.equal(await gauge(kind), 1, what)

      const one = await server.api.get(`/${resource}/${id}`)
      assert.deepEqual([one.status, one.body.code], [409, 'DAMAGED'], what)
      assert.ok(one.body.detail.startsWith(`${file} `), one.body.detail)
      assert.match(one.body.detail, /DELETE \//, 'the cure')

      const logged = server
        .log()
        .split('\n')
        .filter(line => line.includes(`"file":"${file}"`))
      assert.equal(logged.length, 1, `${what}: logged once`)

      const removal = await server.api.delete(`/${resource}/${id}${query}`)
      assert.equal(removal.status, kind === 'model' ? 200 : 204, `${what}: ${removal.text}`)
      const afterwards = await server.api.get(`/${resource}?limit=1000`)
      assert.deepEqual(afterwards.body.damaged, [], what)
      assert.equal(await gauge(kind), 0, what)
    }
    t.diagnostic(`${cases.length} ways`)
  })
}

test('names that are no ids are passed over in every folder', async () => {
  const { status, body: before } = await server.api.get('/jobs')
  assert.equal(status, 200)
  const data = join(server.folder, 'data')
  for (const folder of ['jobs', 'datasets', 'dataset-names', 'models', 'weights', 'webhooks']) {
    await mkdir(join(data, folder), { recursive: true })
    await writeFile(join(data, folder, 'notes.txt'), 'a stray file')
    await mkdir(join(data, folder, 'A folder'), { recursive: true })
    await symlink('nowhere', join(data, folder, 'link'))
  }
  const job = before.items[0].id
  for (const folder of ['journal', 'attempts', 'checkpoints']) {
    await mkdir(join(data, 'jobs', job, folder), { recursive: true })
    await writeFile(join(data, 'jobs', job, folder, 'notes.txt'), '')
    await mkdir(join(data, 'jobs', job, folder, '007'), { recursive: true })
  }
  for (const resource of ['jobs', 'datasets', 'models', 'weights', 'webhooks', `jobs/${job}`]) {
    const answer = await server.api.get(`/${resource}`)
    assert.equal(answer.status, 200, `${resource}: ${answer.text}`)
  }
  assert.equal((await server.api.get(`/jobs/${job}/checkpoints`)).status, 200)
  assert.equal((await server.api.post('/jobs').send(smallJob)).status, 202)
})

test('a damaged job comes back as it was if its file is restored, even if Redis was emptied meanwhile', async () => {
  const id = await submitJob()
  const path = join(server.folder, 'data', 'jobs', id, 'manifest.json')
  const original = await readFile(path)
  await truncate(path, 20)
  await server.redis.flush()
  await eventually('the list names the damaged job', async () => {
    const { status, body } = await server.api.get('/jobs')
    return status === 200 && body.damaged.some((each: { id: string }) => each.id === id)
  })
  await writeFile(path, original)
  await eventually('the list has the job again', async () => {
    const { body } = await server.api.get('/jobs?status=queued&limit=1000')
    return body.items.some((each: { id: string }) => each.id === id)
  })
})

test('a folder of the data folder that is a file is named, and nothing answers 500', async () => {
  const folder = join(server.folder, 'data', 'weights')
  await rm(folder, { recursive: true })
  await writeFile(folder, '')
  const { status, body } = await server.api.get('/weights')
  assert.deepEqual([status, body.code], [409, 'DAMAGED'])
  assert.match(body.detail, /^weights is not a folder/)
  assert.equal((await server.api.get('/jobs')).status, 200)
})
