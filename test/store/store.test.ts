// What both kinds of stores promise.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { TrainyardError } from '../../src/errors.js'
import type { Store } from '../../src/store/store.js'
import { operations } from './operations.js'
import { storeKinds } from './stores.js'

const hasCode = (code: string) => (error: unknown) =>
  error instanceof TrainyardError && error.code === code

async function stageModel(store: Store) {
  const staged = await store.stage()
  await mkdir(join(staged, 'variables', 'empty'), { recursive: true })
  await writeFile(join(staged, 'graph.pb'), 'graph')
  await writeFile(join(staged, 'variables', 'data-00000-of-00001'), Buffer.alloc(3_000_000, 7))
  return staged
}

for (const { name, skip, open } of storeKinds) {
  const staging = (dataFolder: string) => readdir(join(dataFolder, '.staging'))

  test(`${name}: createJson does not overwrite, replaceJson does, and a missing key reads as null`, {
    skip,
  }, async t => {
    const { store } = await open(t)
    assert.equal(await store.readJson('jobs/a/spec.json'), null)
    assert.equal(await store.createJson<unknown>('jobs/a/spec.json', { n: 1 }), true)
    assert.equal(await store.createJson<unknown>('jobs/a/spec.json', { n: 2 }), false)
    assert.deepEqual(await store.readJson('jobs/a/spec.json'), { n: 1 })
    await store.replaceJson<unknown>('jobs/a/spec.json', { n: 3 })
    assert.deepEqual(await store.readJson('jobs/a/spec.json'), { n: 3 })
  })

  test(`${name}: a record has the same bytes in every store`, { skip }, async t => {
    const { store, read } = await open(t)
    await store.createJson<unknown>('a.json', { n: 1, text: 'ä' })
    const checksum = createHash('sha256').update('{"n":1,"text":"ä"}').digest('hex')
    const expected = `{\n  "n": 1,\n  "text": "ä",\n  "checksum": "${checksum}"\n}\n`
    assert.equal((await read('a.json')).toString(), expected)
    assert.equal((await read('format.json')).toString(), '{\n  "formatVersion": 1\n}\n')
  })

  test(`${name}: a cached read returns the current value, even if another store wrote it`, {
    skip,
  }, async t => {
    const { store, another } = await open(t)
    const other = await another()
    assert.equal(await store.readJsonCached('names/a.json'), null)
    for (let n = 0; n < 20; n++) {
      await other.replaceJson<unknown>('names/a.json', { n: n % 10 })
      assert.deepEqual(await store.readJsonCached('names/a.json'), { n: n % 10 })
    }
    await wait(1200) // After this time a file is old enough for the cache.
    const first = await store.readJsonCached<{ n: number }>('names/a.json')
    assert.throws(() => (first!.n = 1000), 'callers share the value')
    assert.deepEqual(await store.readJsonCached('names/a.json'), { n: 9 })
    await other.replaceJson<unknown>('names/a.json', { n: 8 })
    assert.deepEqual(await store.readJsonCached('names/a.json'), { n: 8 })
    await other.remove('names/a.json')
    assert.equal(await store.readJsonCached('names/a.json'), null)
  })

  test(`${name}: exactly one of 50 concurrent createJson calls wins, and readers see only its value`, {
    skip,
  }, async t => {
    const { store, another, dataFolder } = await open(t)
    const stores = [store, ...(await Promise.all([another(), another(), another()]))]
    const writers = Array.from({ length: 50 }, (_, n) =>
      stores[n % 4]!.createJson<unknown>('a/b/c.json', { n, padding: 'x'.repeat(100_000) }),
    )
    const readers = Array.from({ length: 50 }, () => store.readJson<{ n: number }>('a/b/c.json'))
    const wins = await Promise.all(writers)
    assert.equal(wins.filter(Boolean).length, 1)
    const winner = wins.indexOf(true)
    for (const seen of await Promise.all(readers)) if (seen) assert.equal(seen.n, winner)
    assert.equal((await store.readJson<{ n: number }>('a/b/c.json'))?.n, winner)
    assert.deepEqual(await staging(dataFolder), [])
  })

  test(`${name}: exactly one of 50 concurrent claims wins`, { skip }, async t => {
    const { store } = await open(t)
    const claims = Array.from({ length: 50 }, () => store.claim('jobs/a/attempts/1'))
    assert.equal((await Promise.all(claims)).filter(Boolean).length, 1)
    assert.deepEqual(await store.list('jobs/a/attempts'), ['1'])
  })

  test(`${name}: an incomplete or altered record is an error, not a missing key`, {
    skip,
  }, async t => {
    const { store, damage, read } = await open(t)
    await store.createJson<unknown>('a.json', { n: 1 })
    await damage('a.json', (await read('a.json')).toString().replace('"n": 1', '"n": 2'))
    await assert.rejects(store.readJson('a.json'), hasCode('DAMAGED'))
    await damage('a.json', '{"n"')
    await assert.rejects(store.readJson('a.json'), hasCode('DAMAGED'))
  })

  test(`${name}: a key that is malformed or hidden is refused`, { skip }, async t => {
    const { store } = await open(t)
    const keys = ['', '/', '/etc/passwd', '..', '../a', 'a/../../b', 'a/..', 'a//b', 'a/', './a']
    keys.push('.staging/x', '.files/x', 'a/.hidden', 'a\\b', 'a\0b', '%2e%2e/a', 'a b', 'C:/a')
    keys.push('ä', 'a'.repeat(256))
    for (const key of keys) {
      const staged = await store.stage()
      const calls: (() => Promise<unknown>)[] = [
        () => store.readJson(key),
        () => store.createJson<unknown>(key, 1),
        () => store.replaceJson<unknown>(key, 1),
        () => store.replaceText(key, '1'),
        () => store.claim(key),
        () => store.list(key),
        () => store.commit(staged, key, {}),
        () => store.verify(key),
        () => store.folder(key),
        () => store.append(key, 'x'),
        () => store.readFrom(key, 0),
        () => store.remove(key),
      ]
      for (const call of calls) {
        await assert.rejects(call, hasCode('INVALID_KEY'), `accepted ${JSON.stringify(key)}`)
      }
    }
  })

  test(`${name}: a staged folder becomes visible only when it is committed`, { skip }, async t => {
    const { store, another, dataFolder } = await open(t)
    const staged = await stageModel(store)
    assert.deepEqual(await store.list('models'), [])
    assert.equal(await store.commit(staged, 'models/m', { step: 5 }), true)
    assert.deepEqual(await staging(dataFolder), [])
    const committed = await store.readManifest<{ step: number }>('models/m')
    assert.deepEqual(committed?.manifest, { step: 5 })
    const { files } = committed
    assert.deepEqual(
      files.map(({ name, bytes }) => [name, bytes]),
      [
        ['graph.pb', 5],
        ['variables/data-00000-of-00001', 3_000_000],
      ],
    )
    const sha256 = 'eef93e1d14482804277fca0172464032d1a4fdbcc338524059fa1e861454ad4d'
    assert.equal(files[0]!.sha256, sha256)
    assert.deepEqual(Object.keys(files[0]!), ['name', 'bytes', 'sha256'])
    for (const each of [store, await another()]) {
      assert.equal(await each.verify('models/m'), true)
      const folder = await each.folder('models/m')
      assert.equal(await readFile(join(folder, 'graph.pb'), 'utf8'), 'graph')
      const data = await readFile(join(folder, 'variables/data-00000-of-00001'))
      assert.ok(data.equals(Buffer.alloc(3_000_000, 7)))
      const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))
      assert.deepEqual(Object.keys(manifest), ['step', 'files', 'checksum'])
    }
    assert.equal(existsSync(await store.folder('models/none')), false)
  })

  test(`${name}: exactly one of 10 concurrent commits to a key wins, whole, and no staged folder is left`, {
    skip,
  }, async t => {
    const { store, another, dataFolder } = await open(t)
    const staged = await Promise.all(Array.from({ length: 10 }, () => stageModel(store)))
    for (const [n, folder] of staged.entries()) await writeFile(join(folder, 'graph.pb'), `${n}`)
    const wins = await Promise.all(staged.map((folder, n) => store.commit(folder, 'm/1', { n })))
    assert.equal(wins.filter(Boolean).length, 1)
    const manifest = await store.readManifest<{ n: number }>('m/1')
    assert.equal(manifest?.manifest.n, wins.indexOf(true))
    const other = await another()
    const folder = await other.folder('m/1')
    assert.equal(await readFile(join(folder, 'graph.pb'), 'utf8'), String(wins.indexOf(true)))
    assert.equal(await other.verify('m/1'), true)
    assert.deepEqual(await staging(dataFolder), [])
  })

  test(`${name}: a folder that contains a link cannot be committed`, { skip }, async t => {
    const { store } = await open(t)
    const staged = await store.stage()
    await symlink('/etc/passwd', join(staged, 'graph.pb'))
    await assert.rejects(store.commit(staged, 'm/1', {}), /neither file nor folder/)
    assert.equal(await store.readManifest('m/1'), null)
  })

  test(`${name}: verify detects changes of the manifest, and missing, truncated or altered files`, {
    skip,
  }, async t => {
    const { store, damage, lose, read } = await open(t)
    const staged = await store.stage()
    await writeFile(join(staged, 'weights'), 'abc')
    await store.commit(staged, 'c/1', { step: 5, nested: { a: [1, 2.5, null] } })
    const original = await read('c/1/manifest.json')
    for (let at = 0; at < original.length; at += 7) {
      const flipped = Buffer.from(original)
      flipped[at]! ^= 1
      await damage('c/1/manifest.json', flipped)
      assert.equal(await store.verify('c/1'), false, `byte ${at}`)
    }
    await damage('c/1/manifest.json', original)
    assert.equal(await store.verify('c/1'), true)
    for (const content of ['abd', 'ab', 'abcd', '']) {
      await damage('c/1/weights', content)
      assert.equal(await store.verify('c/1'), false, content)
    }
    await lose('c/1/weights')
    assert.equal(await store.verify('c/1'), false)
    assert.equal(await store.verify('c/2'), false)
  })

  test(`${name}: a commit replaces what is damaged, and leaves what is intact`, {
    skip,
  }, async t => {
    const { store, damage, lose } = await open(t)
    assert.equal(await store.commit(await stageModel(store), 'm/1', { n: 1 }), true)
    assert.equal(await store.commit(await stageModel(store), 'm/1', { n: 2 }), false)
    await damage('m/1/graph.pb', 'gr')
    assert.equal(await store.commit(await stageModel(store), 'm/1', { n: 3 }), true)
    assert.deepEqual((await store.readManifest<{ n: number }>('m/1'))?.manifest, { n: 3 })
    assert.equal(await store.verify('m/1'), true)
    await lose('m/1/manifest.json')
    assert.equal(await store.commit(await stageModel(store), 'm/1', { n: 4 }), true)
    await damage('m/1/manifest.json', 'x')
    assert.equal(await store.commit(await stageModel(store), 'm/1', { n: 5 }), true)
    assert.deepEqual((await store.readManifest<{ n: number }>('m/1'))?.manifest, { n: 5 })
  })

  test(`${name}: a file that is shared is in both folders, and one of them can go`, {
    skip,
  }, async t => {
    const { store, another } = await open(t)
    await store.commit(await stageModel(store), 'm/1', {})
    const staged = await store.stage()
    await store.shareFile('m/1', 'variables/data-00000-of-00001', staged, 'shards/a')
    await store.commit(staged, 'm/2', {})
    await store.remove('m/1')
    const other = await another()
    const content = await readFile(join(await other.folder('m/2'), 'shards/a'))
    assert.ok(content.equals(Buffer.alloc(3_000_000, 7)))
    assert.equal(await other.verify('m/2'), true)
  })

  test(`${name}: remove deletes a key with everything below it, and the key can be created again`, {
    skip,
  }, async t => {
    const { store, dataFolder } = await open(t)
    await store.commit(await stageModel(store), 'm/1', {})
    await store.commit(await stageModel(store), 'm/10', {})
    assert.ok((await store.bytesBelow('m/1')) >= 3_000_000)
    await store.remove('m/1')
    await store.remove('m/1')
    assert.deepEqual(await store.list('m'), ['10'])
    assert.equal(await store.bytesBelow('m/1'), 0)
    assert.deepEqual(await staging(dataFolder), [])
    assert.equal(await store.commit(await stageModel(store), 'm/1', {}), true)
    await store.createJson<unknown>('m/1/more/a.json', {})
    await store.append('m/1/log.ndjson', 'x\n')
    await store.sync('m/1/log.ndjson')
    await store.remove('m')
    assert.deepEqual(await store.list('m'), [])
    assert.equal(await store.size('m/1/log.ndjson'), 0)
    assert.equal(await store.bytesBelow('m'), 0)
  })

  test(`${name}: concurrent appends to a log do not mix, and a log can be read from any offset`, {
    skip,
  }, async t => {
    const { store, another } = await open(t)
    assert.equal((await store.readFrom('jobs/a/log.ndjson', 0)).length, 0)
    assert.equal(await store.size('jobs/a/log.ndjson'), 0)
    await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        store.append('jobs/a/log.ndjson', `${JSON.stringify({ n, padding: 'x'.repeat(500) })}\n`),
      ),
    )
    await store.syncAll()
    await store.sync('jobs/a/log.ndjson')
    const other = await another()
    for (const each of [store, other]) {
      const all = await each.readFrom('jobs/a/log.ndjson', 0)
      const rows = all
        .toString()
        .trim()
        .split('\n')
        .map(line => JSON.parse(line).n as number)
      assert.deepEqual(
        rows.sort((a, b) => a - b),
        [...Array(100).keys()],
      )
      const tail = await each.readFrom('jobs/a/log.ndjson', all.length - 10)
      assert.deepEqual(tail, all.subarray(-10))
      assert.deepEqual(await each.readFrom('jobs/a/log.ndjson', 7, 30), all.subarray(7, 37))
      assert.equal((await each.readFrom('jobs/a/log.ndjson', all.length + 10)).length, 0)
      assert.equal(await each.size('jobs/a/log.ndjson'), all.length)
      assert.ok((await readFile(await each.logFile('jobs/a/log.ndjson'))).equals(all))
    }
  })

  test(`${name}: a log grows in parts, and another process continues it`, { skip }, async t => {
    const { store, another } = await open(t)
    const key = 'jobs/a/log.ndjson'
    let expected = ''
    for (let n = 0; n < 5; n++) {
      await store.append(key, `${n}\n`)
      await store.sync(key)
      expected += `${n}\n`
    }
    assert.deepEqual(await store.list('jobs/a'), ['log.ndjson'])
    const other = await another()
    assert.equal((await other.readFrom(key, 0)).toString(), expected)
    await store.closeLogs('jobs/a')
    assert.equal((await other.readFrom(key, 2)).toString(), expected.slice(2))
    assert.equal((await store.readFrom(key, 0)).toString(), expected)
    await other.append(key, 'more\n')
    await other.sync(key)
    assert.equal((await store.readFrom(key, 0)).toString(), `${expected}more\n`)
    await other.replaceText(key, 'short\n')
    await other.append(key, 'and on\n')
    await other.closeLogs('jobs')
    assert.equal((await store.readFrom(key, 0)).toString(), 'short\nand on\n')
  })

  test(`${name}: a text that is replaced reads as the newest, whole and in parts`, {
    skip,
  }, async t => {
    const { store, another } = await open(t)
    const other = await another()
    const key = 'jobs/a/chart.ndjson'
    for (const text of ['one\n', 'another\n', 'third\n']) {
      await store.replaceText(key, text)
      for (const each of [store, other]) {
        assert.equal((await each.readFrom(key, 0)).toString(), text)
        assert.equal((await each.readFrom(key, 2, 3)).toString(), text.slice(2, 5))
        assert.equal(await each.size(key), text.length)
      }
    }
    await other.append(key, 'more\n')
    await other.sync(key)
    assert.equal((await store.readFrom(key, 0)).toString(), 'third\nmore\n')
  })

  for (const [operation, { before, run, observe }] of Object.entries(operations)) {
    test(`${name}: after ${operation} its result is there`, { skip }, async t => {
      const { store, another } = await open(t)
      await before?.(store)
      await run(store)
      assert.equal(await observe(await another()), 'new')
    })
  }
}
