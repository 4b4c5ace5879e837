// Crowds that follow a running job, and leave all at once.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Random } from '../random.js'
import type { Outcome, RawRequest } from './requests/exchange.js'
import { requestBytes } from './requests/http-text.js'
import type { Tally } from './tally.js'

export interface Crowd {
  port: number
  key: string
  /** A running job. */
  job: string
  count: number
  holdMs: number
  /** For how long new connections are tried after the crowd has left. */
  afterMs: number
}

/** Returns how long the slowest new connection waited for its answer, during the burst and after it. */
export async function burst(crowd: Crowd, random: Random, tally: Tally): Promise<number> {
  const { port, key, job, count, holdMs, afterMs } = crowd
  const headers = [['Accept', 'text/event-stream']] as const
  const request = requestBytes({ path: `/jobs/${job}/metrics`, headers }, key)
  const sockets: Socket[] = []
  const ended = new AbortController()
  const probing = probe(crowd, ended.signal, tally)
  for (let i = 0; i < count; i++) {
    sockets.push(follow(port, request, random.next() < 0.5))
    if (i % 100 === 99) await sleep(10)
  }
  await sleep(holdMs)
  for (const socket of sockets) {
    if (random.next() < 0.5) socket.resetAndDestroy()
    else socket.destroy()
  }
  await sleep(afterMs)
  ended.abort()
  return await probing
}

function follow(port: number, request: Buffer, reads: boolean): Socket {
  const socket = connect({ port, host: '127.0.0.1' })
  // the server may refuse a crowd
  socket.on('error', () => {})
  if (reads) socket.resume()
  else socket.pause()
  socket.write(request)
  return socket
}

/** Opens new connections in a thread of its own until `signal` aborts; returns the slowest time in ms. */
async function probe({ port, key }: Crowd, signal: AbortSignal, tally: Tally): Promise<number> {
  const thread = new Worker(new URL('probe-thread.js', import.meta.url), {
    workerData: { port, key },
  })
  let slowest = 0
  thread.on('message', ({ request, outcome }: { request: RawRequest; outcome: Outcome }) => {
    tally.judge('connection beside a crowd', '', request, outcome)
    slowest = Math.max(slowest, outcome.ms)
  })
  signal.addEventListener('abort', () => thread.postMessage('end'))
  await once(thread, 'exit')
  return Math.round(slowest)
}
