import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { ListenSocket } from '../../src/supervisor/listen-socket.js'
import { within } from '../../testing/eventually.js'

/** A child that inherits the socket, listens on it, and answers each connection with its address. */
async function listen(t: TestContext, host: string, port = 0) {
  const socket = await ListenSocket.bind(host, port)
  const code = `
    const { createServer } = require('node:net')
    const server = createServer(client => client.end(JSON.stringify(server.address())))
    server.listen({ fd: 3 }, () => console.log(server.address().port))`
  const child = spawn(process.execPath, ['-e', code], {
    stdio: ['ignore', 'pipe', 'inherit', socket.stdio],
  })
  t.after(() => {
    child.kill('SIGKILL')
    socket.close()
  })
  const [output] = await within('the child to listen', once(child.stdout!, 'data'))
  return { socket, child, port: Number(output) }
}

async function ask(port: number, host: string): Promise<{ family: string; address: string }> {
  return JSON.parse(await text(connect(port, host)))
}

test('addresses of both families and host names are bound as a server would bind them', async t => {
  const any4 = await listen(t, '0.0.0.0')
  assert.equal((await ask(any4.port, '127.0.0.1')).address, '0.0.0.0')
  const name = await listen(t, 'localhost')
  assert.ok((await ask(name.port, 'localhost')).address)
  const any6 = await listen(t, '::').catch(() => null)
  if (!any6) return t.diagnostic('this machine has no IPv6')
  assert.equal((await ask(any6.port, '::1')).family, 'IPv6')
  // IPv4 too, as Node does by default
  assert.equal((await ask(any6.port, '127.0.0.1')).address, '::')
})

test('connections wait while no process listens, and the next one accepts them', async t => {
  const first = await listen(t, '127.0.0.1')
  const exited = once(first.child, 'exit')
  first.child.kill('SIGKILL')
  await exited
  const answer = ask(first.port, '127.0.0.1')
  const code = `
    const server = require('node:net').createServer(client => client.end('{"address":"next"}'))
    server.listen({ fd: 3 })`
  const next = spawn(process.execPath, ['-e', code], {
    stdio: ['ignore', 'ignore', 'inherit', first.socket.stdio],
  })
  t.after(() => next.kill('SIGKILL'))
  assert.equal((await within('the answer', answer)).address, 'next')
})

test('an address that is in use, foreign, or unknown is refused with its cause', async t => {
  const { port } = await listen(t, '127.0.0.1')
  const refused = (host: string, wanted: number, cause: string) =>
    assert.rejects(ListenSocket.bind(host, wanted), {
      code: 'ADDRESS_UNUSABLE',
      message: `cannot listen on ${host}, port ${wanted} (${cause}); choose others with TRAINYARD_HOST and TRAINYARD_PORT`,
    })
  await refused('127.0.0.1', port, 'EADDRINUSE')
  // TEST-NET-1 (RFC 5737) belongs to nobody
  await refused('192.0.2.1', 0, 'EADDRNOTAVAIL')
  await assert.rejects(ListenSocket.bind('no-such-host.invalid', 0), { code: 'ADDRESS_UNUSABLE' })
})
