import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import supertest from 'supertest'
import { eventually } from '../../../testing/eventually.js'
import { freePort } from '../../../testing/free-port.js'
import { openEventStream } from '../../../testing/sse.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import {
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'

const publicUrl = 'http://train.example.com'
const host = 'train.example.com'

let server: TestServer
before(async () => {
  server = await startServer({ access: { publicUrl } })
  await uploadDataset(server)
})
after(() => server.close())

for (const keepsHost of [true, false]) {
  test(`a proxy that ${keepsHost ? 'keeps' : 'changes'} the Host header serves pages and programs`, async t => {
    await checkProxy(await startProxy(t, keepsHost))
  })
}

test('nginx serves pages and programs with the documented configuration', {
  skip:
    !isInstalled('nginx', '-v') && 'nginx is not installed (Debian: apt-get install nginx-light)',
}, async t => {
  const folder = await tempFolder(t)
  const port = await freePort()
  const site = (await documented('nginx'))
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
    .replace(/^ *ssl_.*$/gm, '')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const config = `daemon off;
    pid ${folder}/pid;
    error_log ${folder}/error.log;
    events {}
    http {
      access_log off;
      ${temporary.map(name => `${name}_temp_path ${folder}/${name};`).join('\n')}
      ${site}
    }`
  await writeFile(join(folder, 'nginx.conf'), config)
  runProxy(t, 'nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], folder)
  await checkProxy(`http://127.0.0.1:${port}`)
})

test('Caddy serves pages and programs with the documented configuration', {
  skip:
    !isInstalled('caddy', 'version') && 'Caddy is not installed (Debian: apt-get install caddy)',
}, async t => {
  const folder = await tempFolder(t)
  const port = await freePort()
  const site = (await documented('caddyfile')).replace(host, `http://${host}:${port}`)
  await writeFile(join(folder, 'Caddyfile'), `{\nadmin off\nlog {\nlevel ERROR\n}\n}\n${site}`)
  const args = ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')]
  runProxy(t, 'caddy', args, folder)
  await checkProxy(`http://127.0.0.1:${port}`)
})

/** What a browser and a program do through a proxy. */
async function checkProxy(url: string): Promise<void> {
  const api = supertest.agent(url).set({ host, authorization: `Bearer ${server.key}` })
  await eventually('the proxy to answer', async () => {
    const answer = await api.get('/healthz').catch(() => null)
    return answer?.status === 200
  })
  const fromPage = { origin: publicUrl, 'sec-fetch-site': 'same-origin' }
  const job = await api.post('/jobs').set(fromPage).send(smallJob)
  assert.equal(job.status, 202, job.text)
  assert.equal(job.headers.location, `${publicUrl}/jobs/${job.body.id}`)

  // a proxy that keeps events back would hold the first one: the job does not change
  const path = `/jobs/${job.body.id}/events`
  const stream = await openEventStream({ url, key: server.key }, path, { host })
  assert.equal((await stream.nextEvent())?.event, 'job')
  stream.response.destroy()

  const { etag } = (await api.get('/openapi.json')).headers
  assert.equal((await api.get('/openapi.json').set('if-none-match', etag!)).status, 304)

  // more than nginx takes by default
  const upload = await api.post('/datasets').attach('file', Buffer.alloc(2 ** 21), 'nothing.bin')
  assert.equal(upload.status, 422, upload.text)
}

/** Node's own client and server as a proxy. */
async function startProxy(t: TestContext, keepsHost: boolean): Promise<string> {
  const proxy = createServer((incoming, answer) => {
    const { method, url, headers } = incoming
    const sent = { ...headers, ...(!keepsHost && { host: new URL(server.url).host }) }
    const outgoing = request(server.url + url, { method, headers: sent }, response => {
      answer.writeHead(response.statusCode!, response.headers)
      response.pipe(answer)
      answer.on('close', () => response.destroy())
    })
    outgoing.on('error', () => answer.destroy())
    incoming.pipe(outgoing)
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}

function runProxy(t: TestContext, command: string, args: string[], folder: string): void {
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const child = spawn(command, args, { env, stdio: 'inherit' })
  t.after(async () => {
    child.kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
}

function isInstalled(command: string, versionArgument: string): boolean {
  return spawnSync(command, [versionArgument]).status === 0
}

/** The first block of a language in docs/proxy.md, with the address of this server. */
async function documented(language: string): Promise<string> {
  const text = await readFile('docs/proxy.md', 'utf8')
  const [, block] = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(text)!
  return block!.replaceAll('127.0.0.1:8080', new URL(server.url).host)
}
