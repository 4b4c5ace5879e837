import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { findConnection } from '../../src/cli/connection.js'
import { exitCodes } from '../../src/cli/exit-codes.js'
import { writeSavedServers } from '../../src/cli/saved-servers.js'

let home: string
let environment: NodeJS.ProcessEnv
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'trainyard-connection-'))
  await mkdir(join(home, 'data'))
  await writeFile(join(home, 'data', 'key'), 'local-key\n')
  environment = { HOME: home, TRAINYARD_DATA: join(home, 'data') }
  const servers = [{ url: 'https://a.example', key: 'saved-a' }]
  await writeSavedServers({ current: null, servers }, environment)
})
after(() => rm(home, { recursive: true }))

test('the key of the data folder is for this machine alone', async () => {
  const local = await findConnection({}, environment)
  assert.deepEqual(local, { url: 'http://127.0.0.1:8080', key: 'local-key' })
  await assert.rejects(findConnection({ url: 'https://b.example' }, environment), {
    message: /no key for https:\/\/b\.example/,
    exitCode: exitCodes.notAllowed,
  })
})

test('the key of the environment stays with the URL of the environment', async () => {
  const own = { ...environment, TRAINYARD_URL: 'https://c.example/', TRAINYARD_KEY: 'key-c' }
  const ownServer = await findConnection({}, own)
  assert.deepEqual(ownServer, { url: 'https://c.example', key: 'key-c' })
  const saved = await findConnection({ url: 'https://a.example' }, own)
  assert.deepEqual(saved, { url: 'https://a.example', key: 'saved-a' })
  await assert.rejects(findConnection({ url: 'https://b.example' }, own), { exitCode: 4 })
  const named = await findConnection({ url: 'https://b.example', key: 'k' }, own)
  assert.deepEqual(named, { url: 'https://b.example', key: 'k' })
})

test('what is no URL of a server is named', async () => {
  for (const url of ['ftp://a.example', 'a.example', '']) {
    await assert.rejects(findConnection({ url, key: 'k' }, environment), { exitCode: 2 })
  }
})
