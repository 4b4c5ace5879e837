import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findGangNetwork } from '../../../workers/executors/gang-network.js'

test('the network of the host is used only if the operator says so', () => {
  const own = findGangNetwork({ isPrivate: false, usesBucket: false })
  assert.notEqual(own.kind, 'private')
  assert.deepEqual(findGangNetwork({ isPrivate: true, usesBucket: false }), { kind: 'private' })
  assert.deepEqual(findGangNetwork({ isPrivate: true, usesBucket: true }), { kind: 'private' })
})

test('with a bucket, a network of their own is refused with the cure', () => {
  const found = findGangNetwork({ isPrivate: false, usesBucket: true })
  assert.ok(found.kind === 'none')
  assert.match(found.problem, /the bucket of TRAINYARD_STORE cannot be reached/)
  assert.match(found.problem, /set TRAINYARD_GANG_NETWORK=private$/)
  // they would not help
  assert.doesNotMatch(found.problem, /allow user namespaces/)
})
