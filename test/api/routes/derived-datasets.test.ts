import assert from 'node:assert/strict'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { eventually } from '../../../testing/eventually.js'
import { startServer, type TestServer, uploadDataset } from '../../../testing/test-server.js'
import { pngOf } from '../../datasets/archives/trees.js'
import { zipFile } from '../../datasets/archives/zip-writer.js'

let server: TestServer
before(async () => {
  server = await startServer()
  await uploadDataset(server, 'shades', 40)
})
after(() => server.close())

const derive = (id: string, steps: object[], name?: string) =>
  server.api.post(`/datasets/${id}/derive`).send({ steps, ...(name && { name }) })

const uploadTable = async (csv: string, name: string) => {
  const { body } = await server.api
    .post('/datasets')
    .field('name', name)
    .attach('file', Buffer.from(csv), 'table.csv')
  return body
}

const leftovers = () => readdir(join(server.folder, 'data', '.staging'))

test('a data set is derived, once, says of what, and stays when its source is deleted', async () => {
  const split = { kind: 'split', shares: { val: 0.2 }, seed: 7 }
  const first = await derive('shades', [split], 'shades-split')
  assert.equal(first.status, 201, first.text)
  const { body } = first
  assert.equal(first.headers.location, `/datasets/${body.id}`)
  assert.deepEqual(
    body.splits.map(({ name, records }: { name: string; records: number }) => [name, records]),
    [
      ['train', 32],
      ['val', 8],
    ],
  )
  const source = await server.api.get('/datasets/shades')
  assert.deepEqual(body.derivedFrom, { dataset: source.body.id, steps: [split] })
  const again = await derive('shades', [split])
  assert.equal(again.status, 200)
  assert.equal(again.body.id, body.id)

  // a part is made of the files of the whole
  const part = await derive(body.id, [{ kind: 'filter', splits: ['train'] }], 'shades-train')
  assert.equal(part.status, 201, part.text)
  const inode = async ({ id, shards }: typeof body) => {
    const path = join(server.folder, 'data', 'datasets', id, shards[0].name)
    const { ino, nlink } = await stat(path)
    return { ino, nlink }
  }
  assert.deepEqual(await inode(part.body), await inode(body))
  assert.equal((await inode(part.body)).nlink, 2)
  assert.equal((await server.api.delete('/datasets/shades-split')).status, 204)
  assert.equal((await inode(part.body)).nlink, 1)
  assert.deepEqual(await leftovers(), [])
  const dry = await server.api
    .post('/jobs?dryRun=true')
    .send({ model: { kind: 'resnet' }, dataset: 'shades-train' })
  assert.equal(dry.status, 200, dry.text)
})

test('a table is joined with another one by name, which the recipe names by its id', async () => {
  const other = await uploadTable('rock,density\nbasalt,3\nchalk,2\n', 'densities')
  await uploadTable('kind,size\nbasalt,1\nchalk,2\nbasalt,3\n', 'stones')
  const step = { kind: 'join', dataset: 'densities', on: 'kind', otherOn: 'rock' }
  const joined = await derive('stones', [step, { kind: 'filter', where: ['density>2'] }])
  assert.equal(joined.status, 201, joined.text)
  assert.equal(joined.body.records, 2)
  assert.equal(joined.body.derivedFrom.steps[0].dataset, other.id)
})

test('steps that cannot be done are refused, and nothing is left', async () => {
  const refused = await derive('shades', [
    { kind: 'dropDuplicates' },
    { kind: 'filter', classes: ['9'] },
  ])
  assert.equal(refused.status, 422)
  assert.equal(refused.body.code, 'INVALID_STEPS')
  assert.equal(refused.body.errors[0].path, '/steps/1/classes/0')
  const unknown = await derive('shades', [{ kind: 'join', dataset: 'nowhere', on: 'a' }])
  assert.equal(unknown.status, 422)
  assert.deepEqual(unknown.body.errors[0].path, '/steps/0/dataset')
  assert.equal((await derive('nowhere', [{ kind: 'dropDuplicates' }])).status, 404)
  for (const steps of [[], [{ kind: 'explode' }], [{ kind: 'filter', colour: 'red' }]]) {
    const invalid = await derive('shades', steps)
    assert.equal(invalid.status, 400, JSON.stringify(invalid.body))
  }
  assert.deepEqual(await leftovers(), [])
})

test('a name keeps the history of its versions, and can go back to an earlier one', async () => {
  const first = await uploadTable('a,b\n1,x\n2,y\n', 'versions')
  const second = await uploadTable('a,b\n1,x\n2,y\n3,z\n', 'versions')
  const versions = async () => {
    const { body } = await server.api.get('/datasets/versions/versions')
    return body.items.map(
      ({ id, current, records }: { id: string; current: boolean; records: number }) => [
        ...[id, current, records],
      ],
    )
  }
  assert.deepEqual(await versions(), [
    [second.id, true, 3],
    [first.id, false, 2],
  ])
  const back = await server.api.put('/datasets/names/versions').send({ dataset: first.id })
  assert.equal(back.status, 200, back.text)
  assert.deepEqual([back.body.id, back.body.name], [first.id, 'versions'])
  assert.equal((await server.api.get('/datasets/versions')).body.id, first.id)
  assert.deepEqual((await versions()).slice(0, 1), [[first.id, true, 2]])
  assert.equal((await versions()).length, 3)
  // a new name for the same
  const named = await server.api.put('/datasets/names/stable').send({ dataset: 'versions' })
  assert.equal(named.body.id, first.id)

  assert.equal((await server.api.get(`/datasets/${first.id}/versions`)).status, 404)
  assert.equal((await server.api.get('/datasets/nowhere/versions')).status, 404)
  const missing = await server.api.put('/datasets/names/stable').send({ dataset: 'nowhere' })
  assert.equal(missing.status, 404)
  const id = await server.api.put(`/datasets/names/${second.id}`).send({ dataset: first.id })
  assert.equal(id.body.code, 'DATASET_NAME')
})

test('two data sets are compared', async () => {
  const one = await uploadTable('a,b,c\n1,x,1\n2,y,1\n2,y,1\n', 'one')
  await uploadTable('b,a,d\nx,1,true\ny,2,false\nz,5,true\n', 'other')
  const { body, status } = await server.api.get('/datasets/one/diff/other')
  assert.equal(status, 200, JSON.stringify(body))
  assert.deepEqual(body.records, { both: 2, onlyOne: 1, onlyOther: 1 })
  assert.deepEqual(body.columns, { added: ['d'], removed: ['c'] })
  const changes = Object.fromEntries(
    body.changedColumns.map(({ name, changes }: { name: string; changes: object[] }) => [
      ...[name, changes],
    ]),
  )
  assert.deepEqual(changes.b, [
    { field: 'distinct', one: 2, other: 3 },
    { field: 'categories', one: [], other: ['z'] },
  ])
  assert.deepEqual(changes.a[0], { field: 'distinct', one: 2, other: 3 })
  const same = await server.api.get(`/datasets/one/diff/${one.id}`)
  assert.equal(same.body.equal, true)
  assert.deepEqual(same.body.records, { both: 3, onlyOne: 0, onlyOther: 0 })

  const dark = await derive('shades', [{ kind: 'relabel', classes: { '0': 'dark' } }], 'dark')
  const images = await server.api.get(`/datasets/shades/diff/${dark.body.id}`)
  assert.deepEqual(images.body.classes, { added: ['dark'], removed: ['0'] })
  assert.deepEqual(images.body.records, { both: 40, onlyOne: 0, onlyOther: 0 })
  assert.deepEqual(images.body.classCounts, [
    { name: '0', one: 20, other: null },
    { name: 'dark', one: null, other: 20 },
  ])
  const kinds = await server.api.get('/datasets/shades/diff/one')
  assert.equal(kinds.body.code, 'DATASET_KIND')
})

test('a derivation that takes long is an import, which can be followed and cancelled', async () => {
  const beginDerivation = async (seed: number) => {
    const answer = await derive('shades', [{ kind: 'split', shares: { val: 0.5 }, seed }])
      .set('Prefer', 'respond-async')
      .expect(202)
    assert.deepEqual(answer.body.source, [`/datasets/${shades.body.id}`])
    return answer.body.id as string
  }
  const shades = await server.api.get('/datasets/shades')
  // two run at a time
  const ids = [await beginDerivation(101), await beginDerivation(102), await beginDerivation(103)]
  const cancelled = await server.api.post(`/imports/${ids[2]}/cancel`).send()
  assert.equal(cancelled.body.status, 'cancelled')
  const events = await server.api.get(`/imports/${ids[0]}/events`).expect(200)
  assert.match(events.text, /"status":"succeeded"/)
  const { body } = await server.api.get(`/imports/${ids[0]}`)
  const made = await server.api.get(`/datasets/${body.dataset}`).expect(200)
  assert.equal(made.body.derivedFrom.dataset, shades.body.id)
  await server.api.get(`/imports/${ids[1]}/events`).expect(200)
  // the records of imports are written by way of this folder
  await eventually('nothing left', async () => (await leftovers()).length === 0)
  // what is wrong with the request is told at once
  const unknown = await derive('nowhere', [{ kind: 'dropDuplicates' }])
    .set('Prefer', 'respond-async')
    .expect(404)
  assert.equal(unknown.body.code, 'DATASET_NOT_FOUND')
})

test('images are divided by the patients of their list of labels, and samples show them', async () => {
  const numbers = Array.from({ length: 24 }, (_, n) => n)
  const zip = zipFile(numbers.map(n => ({ name: `${n}.png`, content: pngOf(n) })))
  const rows = numbers.map(n => `${n}.png,${n % 2 ? 'ill' : 'well'},p${n % 6}\n`)
  const upload = (splits: object) =>
    server.api
      .post('/datasets')
      .field('name', 'scans')
      .field('splits', JSON.stringify(splits))
      .attach('file', zip, 'scans.zip')
      .attach('file', Buffer.from(`file,label,patient\n${rows.join('')}`), 'labels.csv')
  const { status, body, text } = await upload({ val: 0.5, by: 'group', column: 'patient' })
  assert.equal(status, 201, text)
  const { items } = (await server.api.get('/datasets/scans/samples?limit=100')).body
  assert.equal(items.length, 24)
  const splitsOf = new Map<string, Set<string>>()
  for (const { source, split, fields } of items) {
    assert.deepEqual(fields, { patient: `p${Number.parseInt(source.split('/')[1], 10) % 6}` })
    splitsOf.set(fields.patient, (splitsOf.get(fields.patient) ?? new Set()).add(split))
  }
  assert.equal(splitsOf.size, 6)
  assert.ok([...splitsOf.values()].every(splits => splits.size === 1))
  const note = body.notes.find(({ code }: { code: string }) => code === 'divided_by_values')
  assert.match(note.message, /train has 12 images of 3 values, val has 12 images of 3 values/)

  const again = await derive('scans', [
    { kind: 'split', shares: { test: 0.5 }, by: 'time', column: 'day' },
  ])
  assert.equal(again.status, 422)
  assert.match(again.body.detail, /the images have no 'day', but 'patient': give each image one/)
  const refused = await upload({ val: 0.5, by: 'group', column: 'subject' })
  assert.equal(refused.status, 422)
  assert.equal(refused.body.code, 'DATASET_FORM')
})
