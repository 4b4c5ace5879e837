import assert from 'node:assert/strict'
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import { post } from '../../src/webhooks/post.js'
import { startReceiver } from './receiver.js'

test('a name is resolved once, so DNS rebinding has no effect', async t => {
  const receiver = await startReceiver()
  t.after(() => receiver.close())
  // a hostile name server: its first answer passes the check, and its second one is never requested
  const answers = ['127.0.0.1', '169.254.169.254', '169.254.169.254']
  const lookup = async () => [{ address: answers.shift()!, family: 4 }]
  const promised = t.mock.method(
    dns.promises,
    'lookup',
    lookup as unknown as typeof dns.promises.lookup,
  )
  const called = t.mock.method(dns, 'lookup')
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
  const url = new URL(`http://rebinding.invalid:${receiver.port}/`)
  const options = {
    headers: {},
    body: '{}',
    allowedNetworks: 'private' as const,
    timeoutMs: 10_000,
  }
  const answer = await post(url, options)
  assert.deepEqual([answer.statusCode, answer.error], [204, null])
  assert.equal(receiver.received[0]!.headers.host, `rebinding.invalid:${receiver.port}`)
  assert.deepEqual([promised.mock.callCount(), called.mock.callCount()], [1, 0])
  // the next request resolves the name again and is rejected
  const refused = await post(url, options)
  assert.match(refused.error ?? '', /may not call/)
  assert.equal(receiver.received.length, 1)
})
