import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const responseTimeoutMs = 60_000

export interface Load {
  /** From the time when a request was due to the end of its response, so a stalled server is not flattered. */
  latenciesMs: number[]
  seconds: number
  accepted: number
  refused: number
}

type Send = () => Promise<boolean>

/** Sends requests at a constant rate, however long the responses take. */
export async function openLoop(send: Send, perSecond: number, seconds: number): Promise<Load> {
  const load = { latenciesMs: [] as number[], seconds: 0, accepted: 0, refused: 0 }
  const since = performance.now()
  const sent: Promise<void>[] = []
  for (let i = 0; i < perSecond * seconds; i++) {
    const due = since + (i * 1000) / perSecond
    const wait = due - performance.now()
    if (wait > 0) await sleep(wait)
    sent.push(sendTimed(send, due, load))
  }
  await Promise.all(sent)
  return { ...load, seconds: (performance.now() - since) / 1000 }
}

/** Keeps `clients` requests in flight. */
export async function closedLoop(send: Send, clients: number, seconds: number): Promise<Load> {
  const load = { latenciesMs: [] as number[], seconds: 0, accepted: 0, refused: 0 }
  const since = performance.now()
  const client = async () => {
    while (performance.now() - since < seconds * 1000)
      await sendTimed(send, performance.now(), load)
  }
  await Promise.all(Array.from({ length: clients }, client))
  return { ...load, seconds: (performance.now() - since) / 1000 }
}

async function sendTimed(send: Send, due: number, load: Load): Promise<void> {
  if (await send()) load.accepted++
  else load.refused++
  load.latenciesMs.push(performance.now() - due)
}

/** Submits jobs over keep-alive connections. Resolves with true for a 202, with false for anything else or a timeout. */
export function createSubmitter(url: string, key: string, body: string): Send {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  }
  const options = { method: 'POST', agent, headers, timeout: responseTimeoutMs }
  return () =>
    new Promise(resolve => {
      const sent = request(`${url}/jobs`, options, answer => {
        answer.resume().on('end', () => resolve(answer.statusCode === 202))
      })
      sent.on('timeout', () => sent.destroy())
      sent.on('error', () => resolve(false)).end(body)
    })
}
