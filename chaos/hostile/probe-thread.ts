// A thread that opens a new connection ten times a second until it is told to end. It has an event loop of
// its own, so that a crowd in the same process does not add to the times.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { exchange } from './requests/exchange.js'
import { whole } from './requests/target.js'

const { port, key } = workerData as { port: number; key: string }
const parent = parentPort!
const request = whole({ path: '/jobs?limit=1' }, { key })
const ended = new AbortController()
once(parent, 'message').then(() => ended.abort())
const open: Promise<void>[] = []
while (!ended.signal.aborted) {
  open.push(exchange(port, request).then(outcome => parent.postMessage({ request, outcome })))
  await sleep(100, undefined, { signal: ended.signal }).catch(() => {})
}
await Promise.all(open)
