import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAllowedAddress, isInNetworks } from '../../src/net/addresses.js'

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

test('a network has the addresses of its own kind only, mapped ones included', () => {
  const networks = ['10.1.0.0/16', '192.168.7.9', 'fd00:1::/32']
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '192.168.7.9', 'fd00:1::5'])
    assert.ok(isInNetworks(address, networks), address)
  for (const address of ['10.2.0.1', '192.168.7.8', 'fd00:2::5', '::1', 'nonsense'])
    assert.ok(!isInNetworks(address, networks), address)
})
