import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../../../testing/eventually.js'
import { putModel, startServer, type TestServer } from '../../../testing/test-server.js'

let server: TestServer
before(async () => {
  server = await startServer({ predictionWaitMs: 200 })
  for (const name of ['slow', 'shades']) await putModel(server.store, name)
  // what it takes is known from now on
  for (const name of ['slow', 'shades']) assert.equal((await predict(name, 1)).status, 200)
})
after(() => server.close())

const predict = (name: string, images: number) =>
  server.api
    .post(`/models/${name}/predict`)
    .send({ instances: Array.from({ length: images }, () => [0, 0, 0, 0]) })

const sendFile = (body: Buffer, path = '/models/slow/predict') =>
  server.api.post(path).set('content-type', 'image/png').send(body)

/** Sends the head of a request, and nothing of its body. Returns what is answered. */
async function sendHead(path: string, bytes: number): Promise<string> {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: ${hostname}:${port}`,
    `authorization: Bearer ${server.key}`,
    'content-type: image/png',
    `content-length: ${bytes}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  // a request that is not refused waits for its body
  const answer = once(socket, 'data').then(([data]) => String(data))
  const nothing = sleep(2000).then(() => '')
  try {
    return await Promise.race([answer, nothing])
  } finally {
    socket.destroy()
  }
}

test('under overload, requests are refused before their images are read, and other models answer', async () => {
  const broken = Buffer.from('no image')
  assert.equal((await sendFile(broken)).status, 422)
  const statuses = new Set<number>()
  let isOver = false
  const client = async () => {
    while (!isOver) statuses.add((await predict('slow', 64)).status)
  }
  const clients = Array.from({ length: 24 }, client)
  // one of them may be let in whenever a batch has run
  const { body, headers } = await eventually('a refusal', async () => {
    const answer = await sendFile(broken)
    return answer.status === 503 && answer
  })
  assert.equal(body.code, 'PREDICTOR_BUSY')
  assert.ok(Number(headers['retry-after']) >= 1)
  await eventually('a refusal of a body that was not sent', async () =>
    /^HTTP\/1\.1 503 .*PREDICTOR_BUSY/s.test(await sendHead('/models/slow/predict', 1_000_000)),
  )
  await eventually('a refusal by the protocol of TensorFlow Serving', async () => {
    const { status } = await server.api.post('/v1/models/slow:predict').send({ instances: 'none' })
    return status === 503
  })
  assert.equal((await predict('shades', 1)).status, 200)
  assert.match(
    await sendHead('/models/slow/predict?version=2', 100_000_000),
    /^HTTP\/1\.1 4\d\d /,
    'a request that is wrong is told so',
  )
  isOver = true
  await Promise.all(clients)
  assert.deepEqual([...statuses].sort(), [200, 503])
  assert.equal((await sendFile(broken)).status, 422)
})
