import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TrainyardError } from '../../src/errors.js'
import { isAllowedAddress, parseTarget, resolveTarget } from '../../src/webhooks/target.js'

const refused = (error: TrainyardError) => error.code === 'WEBHOOK_TARGET_REFUSED'

const publicAddresses = ['93.184.216.34', '1.1.1.1', '2606:4700:4700::1111', '::ffff:93.184.216.34']

/** From IANA's registries of special-purpose addresses. */
const neverPublic = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.2.1',
  '192.168.0.1',
  '192.88.99.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::7f00:1',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
  '::ffff:0:127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '2002:a9fe:a9fe::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  '3fff::1',
  '5f00::1',
  'nonsense',
]

test('only globally routed addresses are public', () => {
  for (const address of publicAddresses) assert.ok(isAllowedAddress(address, 'public'), address)
  for (const address of neverPublic) assert.ok(!isAllowedAddress(address, 'public'), address)
})

test('`private` allows private networks and loopback, but no link-local or reserved addresses', () => {
  const own = ['10.0.0.1', '127.0.0.1', '192.168.0.1', '172.16.0.1', '100.64.0.1', '::1', 'fd00::1']
  for (const address of [...own, ...publicAddresses])
    assert.ok(isAllowedAddress(address, 'private'), address)
  const never = ['169.254.169.254', 'fe80::1', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe']
  for (const address of [...never, '0.0.0.0', '::', '224.0.0.1', '2002:a9fe:a9fe::1']) {
    assert.ok(!isAllowedAddress(address, 'private'), address)
  }
})

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
