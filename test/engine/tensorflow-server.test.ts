import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { hasOwnNetwork } from '../../src/engine/loopback.js'
import { startTensorFlowServer } from '../../src/engine/tensorflow-server.js'
import { serverDef } from '../../src/graph/server-def.js'
import { within } from '../../testing/eventually.js'
import { forkInOwnNetwork, ownNetworkProblem } from '../../testing/own-network.js'

test("TensorFlow's servers listen in a network of their own, until their processes end", {
  skip: ownNetworkProblem(),
}, async () => {
  const host = forkInOwnNetwork(fileURLToPath(new URL('server-host.js', import.meta.url)), [])
  const answer = once(host, 'message')
  const [found] = await within('two servers to start and end', answer, { timeoutMs: 120_000 })
  assert.deepEqual(found, {
    hasOwnNetwork: true,
    started: [
      { target: 'grpc://127.0.0.1:23450', ports: [23450] },
      { target: 'grpc://127.0.0.1:23451', ports: [23451] },
    ],
    left: [],
  })
})

test('it does not start in a network that others are in', { skip: hasOwnNetwork() }, () => {
  const definition = serverDef({ addresses: ['127.0.0.1:23450'], task: 0 })
  assert.throws(() => startTensorFlowServer(definition, false), /needs a network of its own/)
})
