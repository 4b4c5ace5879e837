import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TrainyardError } from '../../src/errors.js'
import { parseTarget, resolveTarget } from '../../src/webhooks/target.js'

const refused = (error: TrainyardError) => error.code === 'WEBHOOK_TARGET_REFUSED'

/** All of these lead to this machine or its network. */
const trickyHosts = [
  '127.0.0.1',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '0x7f.1',
  '127.1',
  '127.0.1',
  '017700000001',
  '127.0.0.1.',
  '0',
  '0.0.0.0',
  '3232235521',
  '0xa9fea9fe',
  '2852039166',
  '169.254.169.254',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:0:0:1]',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[fe80::1]',
  '[fc00::1]',
  '１２７.０.０.１',
  '①②⑦.0.0.1',
  'localhost',
  'LOCALHOST',
  'localhost.',
  'loc%61lhost',
  '%31%32%37.0.0.1',
]

for (const host of trickyHosts) {
  test(`https://${host}/ is rejected`, async () => {
    const url = parseTarget(`https://${host}/`, 'public')
    await assert.rejects(resolveTarget(url, 'public'), refused)
  })
}

test('a host name that cannot be resolved is rejected', async () => {
  const url = parseTarget('https://unknown.invalid/', 'public')
  await assert.rejects(resolveTarget(url, 'public'), /unknown.invalid cannot be resolved/)
})

const refusedUrls = [
  'http://example.com/',
  'ftp://example.com/',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'https://user:secret@example.com/',
  'https://user@example.com/',
  'https://example.com:22/',
  'https://example.com:6379x/',
  'https://example.com:80/',
  'not a url',
  '',
  '//example.com',
]

for (const text of refusedUrls) {
  test(`'${text}' is rejected without a DNS lookup`, () => {
    assert.throws(() => parseTarget(text, 'public'), refused)
  })
}

test('an https URL is accepted; http and all ports only with `private`', () => {
  assert.equal(parseTarget('https://example.com/hook?x=1', 'public').hostname, 'example.com')
  assert.equal(parseTarget('https://example.com:8443/', 'public').port, '8443')
  assert.equal(parseTarget('http://intranet:81/', 'private').port, '81')
})
