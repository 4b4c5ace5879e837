import assert from 'node:assert/strict'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { TrainyardError } from '../../../src/errors.js'
import { eventually } from '../../../testing/eventually.js'
import { author, openRecords, publish } from './published.js'

const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof TrainyardError, String(error))
  assert.equal(error.code, expected)
  return true
}

test('an alias names a version until it is moved, and its history says who moved it when and why', async t => {
  const records = await openRecords(t)
  const { aliases } = records
  for (let i = 0; i < 3; i++) await publish(records)
  await aliases.move('digits', 'production', 1, { by: 'key-11111111', reason: 'first' })
  const moved = await aliases.move('digits', 'production', 3, {
    by: 'key-22222222',
    reason: 'better',
  })
  assert.deepEqual([moved.version, moved.previous, moved.by], [3, [1], 'key-22222222'])
  assert.equal((await aliases.find({ name: 'digits', alias: 'production' })).version, 3)

  const { items, next } = await aliases.history('digits', 'production', { limit: 10 })
  const told = items.map(({ from, to, by, reason }) => [from, to, by, reason])
  assert.deepEqual(told, [
    [1, 3, 'key-22222222', 'better'],
    [null, 1, 'key-11111111', 'first'],
  ])
  assert.equal(next, null)
  const first = await aliases.history('digits', 'production', { limit: 1 })
  assert.deepEqual(first.items, items.slice(0, 1))
  const second = await aliases.history('digits', 'production', { limit: 1, before: first.next! })
  assert.deepEqual(second, { items: items.slice(1), next: null })
})

test('what an alias named at a time is known, also after it was deleted', async t => {
  const records = await openRecords(t)
  const { aliases, journal } = records
  for (let i = 0; i < 3; i++) await publish(records)
  const times: string[] = []
  for (const version of [1, 2, 3]) {
    const { at } = await aliases.move('digits', 'production', version, author)
    times.push(at)
    // entries in the same millisecond could not be told apart
    await eventually('the next millisecond', () => new Date().toISOString() > at)
  }
  await aliases.remove('digits', 'production', author)
  for (const [i, time] of times.entries()) {
    assert.equal((await aliases.get('digits', 'production', time)).version, i + 1)
  }
  const before = new Date(Date.parse(times[0]!) - 1).toISOString()
  await assert.rejects(aliases.get('digits', 'production', before), code('ALIAS_NOT_FOUND'))
  await assert.rejects(aliases.get('digits', 'production'), code('ALIAS_NOT_FOUND'))
  assert.equal((await journal.newest('digits'))?.n, 4)
})

test('a bare name means the alias default, or else the newest version', async t => {
  const records = await openRecords(t)
  const { aliases } = records
  const version = async (alias?: string) => (await aliases.find({ name: 'digits', alias })).version
  await publish(records)
  await publish(records)
  assert.equal(await version(), 2)
  await aliases.move('digits', 'default', 1, author)
  assert.deepEqual([await version(), await version('latest')], [1, 2])
  await publish(records)
  assert.deepEqual([await version(), await version('latest')], [1, 3])
  await aliases.remove('digits', 'default', author)
  assert.equal(await version(), 3)
})

test('a rollback goes back step by step, and passes over deleted versions', async t => {
  const records = await openRecords(t)
  const { aliases, deletion } = records
  for (let i = 0; i < 4; i++) await publish(records)
  for (const version of [1, 2, 3, 4]) await aliases.move('digits', 'champion', version, author)
  await deletion.remove('digits', { version: 3 }, author)
  const versions = []
  for (let i = 0; i < 2; i++)
    versions.push((await aliases.rollBack('digits', 'champion', author)).version)
  assert.deepEqual(versions, [2, 1])
  await assert.rejects(aliases.rollBack('digits', 'champion', author), code('NO_PREVIOUS_VERSION'))
  await aliases.move('digits', 'champion', 4, author)
  assert.equal((await aliases.rollBack('digits', 'champion', author)).version, 1)
})

test('of clients in several processes that move an alias at once, one wins with ifVersion, and none is lost without', async t => {
  const first = await openRecords(t)
  const second = await openRecords(t, first.root)
  for (let i = 0; i < 8; i++) await publish(first)
  await first.aliases.move('digits', 'production', 1, author)
  const conditional = await Promise.allSettled(
    [2, 3, 4, 5, 6, 7, 8].map((version, i) =>
      (i % 2 ? first : second).aliases.move('digits', 'production', version, author, {
        ifVersion: 1,
      }),
    ),
  )
  const winners = conditional.filter(({ status }) => status === 'fulfilled')
  assert.equal(winners.length, 1)
  for (const each of conditional) if (each.status === 'rejected') code('ALIAS_CHANGED')(each.reason)

  const names = Array.from({ length: 12 }, (_, i) => `alias-${i}`)
  await Promise.all(
    names.map((alias, i) =>
      (i % 2 ? first : second).aliases.move('digits', alias, 1 + (i % 8), author),
    ),
  )
  // one that knows nothing yet: what the others know may be half a second old
  const listed = await (await openRecords(t, first.root)).aliases.list('digits')
  assert.deepEqual(
    listed.map(({ alias, version }) => [alias, version]).sort(),
    [
      ...names.map((alias, i) => [alias, 1 + (i % 8)]),
      ['production', listed.find(each => each.alias === 'production')!.version],
    ].sort(),
  )
  const files = await readdir(join(first.root, 'model-records', 'digits', 'journal'))
  assert.equal(files.length, 2 + names.length)
})

test('another process sees a moved alias, after it knew the old one', async t => {
  const first = await openRecords(t)
  const second = await openRecords(t, first.root)
  await publish(first)
  await publish(first)
  await first.aliases.move('digits', 'production', 1, author)
  const seen = async () =>
    (await second.aliases.find({ name: 'digits', alias: 'production' })).version
  assert.equal(await seen(), 1)
  await first.aliases.move('digits', 'production', 2, author)
  await eventually('the other process follows', async () => (await seen()) === 2, {
    timeoutMs: 1500,
  })
})

test('no alias can be made that is like a version or reserved, or that names nothing', async t => {
  const records = await openRecords(t)
  const { aliases } = records
  await publish(records)
  for (const alias of ['latest', 'v1', 'v20'])
    await assert.rejects(aliases.move('digits', alias, 1, author), code('INVALID_ALIAS'))
  await assert.rejects(aliases.move('digits', 'production', 2, author), code('MODEL_NOT_FOUND'))
  await assert.rejects(aliases.move('none', 'production', 1, author), code('MODEL_NOT_FOUND'))
  await assert.rejects(
    aliases.find({ name: 'digits', version: 1, alias: 'latest' }),
    code('INVALID_SELECTOR'),
  )
  for (let i = 0; i < 64; i++) await aliases.move('digits', `a${i}`, 1, author)
  await assert.rejects(aliases.move('digits', 'one-more', 1, author), code('TOO_MANY_ALIASES'))
})

test('an alias is not moved to a damaged version', async t => {
  const records = await openRecords(t)
  const { aliases, root } = records
  await publish(records)
  await publish(records)
  await aliases.move('digits', 'production', 1, author)
  await rm(join(root, 'models', 'digits', '2', 'saved_model', 'saved_model.pb'))
  await assert.rejects(aliases.move('digits', 'production', 2, author), code('DAMAGED'))
  assert.equal((await aliases.get('digits', 'production')).version, 1)
})

test('a version with an alias is not deleted, but with it, or after it is moved', async t => {
  const records = await openRecords(t)
  const { aliases, deletion, models } = records
  for (let i = 0; i < 3; i++) await publish(records)
  await aliases.move('digits', 'production', 2, author)
  await aliases.move('digits', 'champion', 2, author)
  await assert.rejects(deletion.remove('digits', { version: 2 }, author), error => {
    code('MODEL_REFERENCED')(error)
    assert.match((error as Error).message, /'production' names version 2; alias 'champion' names/)
    return true
  })
  await assert.rejects(deletion.remove('digits', {}, author), code('MODEL_REFERENCED'))
  assert.deepEqual(await models.versions('digits'), [1, 2, 3])

  const moved = await deletion.remove('digits', { version: 2, moveAliasesTo: 3 }, author)
  assert.deepEqual(
    moved.aliases.map(({ alias, to }) => [alias, to]),
    [
      ['production', 3],
      ['champion', 3],
    ],
  )
  assert.equal((await aliases.get('digits', 'production')).version, 3)
  const rest = await deletion.remove('digits', { aliases: 'delete' }, author)
  assert.deepEqual(rest.versions, [1, 3])
  assert.deepEqual(
    rest.aliases.map(({ to }) => to),
    [null, null],
  )
  // a job publishes the name again, with a new number and no aliases
  assert.equal(await publish(records), 4)
  assert.deepEqual(await aliases.list('digits'), [])
})

test('aliases that move while versions are deleted never name a deleted one', async t => {
  const first = await openRecords(t)
  const second = await openRecords(t, first.root)
  for (let i = 0; i < 13; i++) await publish(first)
  // or else all versions may be deleted before the alias is moved to any
  await first.aliases.move('digits', 'production', 13, author)
  await Promise.allSettled(
    Array.from({ length: 12 }, (_, i) => [
      first.aliases.move('digits', 'production', i + 1, author),
      second.deletion.remove('digits', { version: i + 1 }, author),
    ]).flat(),
  )
  const { version } = await second.aliases.get('digits', 'production')
  assert.ok((await first.models.versions('digits')).includes(version))
  assert.equal(
    (await second.aliases.find({ name: 'digits', alias: 'production' })).version,
    version,
  )
})

test('a damaged record is named, and versions are still found by number', async t => {
  const records = await openRecords(t)
  await publish(records)
  await records.aliases.move('digits', 'production', 1, author)
  await writeFile(join(records.root, 'model-records', 'digits', 'journal', '1.json'), '{"at":')
  const { aliases, catalog } = await openRecords(t, records.root)
  await assert.rejects(aliases.find({ name: 'digits', alias: 'production' }), code('DAMAGED'))
  assert.equal((await aliases.find({ name: 'digits', version: 1 })).version, 1)
  const listing = await catalog.list({ limit: 10 })
  assert.deepEqual(await listing.read(0, 10), [])
  assert.deepEqual(
    (await listing.damaged()).map(({ id, file }) => [id, file]),
    [['digits', 'model-records/digits/journal/1.json']],
  )
})
