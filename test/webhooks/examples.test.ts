import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { blocksRunBy } from '../../testing/doc-blocks.js'
import { eventually } from '../../testing/eventually.js'
import { freePort } from '../../testing/free-port.js'
import { startServer, type TestServer } from '../../testing/test-server.js'

let server: TestServer
let folder: string
before(async () => {
  server = await startServer({ webhooks: 'private' })
  folder = await mkdtemp(join(tmpdir(), 'examples-'))
})
after(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

const noPython = spawnSync('python3', ['--version']).error && 'python3 is not installed here'

const examples = [
  { language: 'js', command: process.execPath, file: 'receiver.mjs', skip: false },
  { language: 'python', command: 'python3', file: 'receiver.py', skip: noPython ?? false },
] as const

for (const { language, command, file, skip } of examples) {
  test(`the ${language} example accepts a message and rejects a forged one`, { skip }, async t => {
    const blocks = blocksRunBy('test/webhooks/examples.test.ts', 'docs/webhooks.md')
    const { code } = blocks.find(block => block.language === language)!
    await writeFile(join(folder, file), code)
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/`
    const { id, secret } = (await server.api.post('/webhooks').send({ url })).body
    const receiver = spawn(command, [join(folder, file)], {
      env: { ...process.env, WEBHOOK_SECRET: secret, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let printed = ''
    receiver.stdout.on('data', chunk => {
      printed += chunk
    })
    t.after(async () => {
      receiver.kill('SIGKILL')
      await once(receiver, 'exit')
    })
    const forged = {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
      'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}`,
    }
    assert.equal(await eventuallyResponds(url, forged), 401)
    const { body } = await server.api.post(`/webhooks/${id}/test`)
    assert.deepEqual([body.status, body.attempts[0].statusCode], ['delivered', 204])
    await eventually('a printed line', () => printed.includes('\n'))
    assert.match(printed, /^ping/)
  })
}

/** Sends a POST after the receiver listens, and returns the status. */
async function eventuallyResponds(url: string, headers: Record<string, string>): Promise<number> {
  return eventually('the example to listen', async () => {
    const answer = await fetch(url, { method: 'POST', body: '{}', headers }).catch(() => null)
    return answer?.status
  })
}
