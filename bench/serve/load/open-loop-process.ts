import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchRequest } from '../server.js'
import type { OpenLoop, OpenLoopTask } from './open-loop.js'

type Outcome = { kind: 'good' | 'refused' | 'failed' | 'late'; ms: number; endedAt: number }

const refusals = [429, 503]
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })

async function run({ requests, rate, seconds, patienceMs }: OpenLoopTask): Promise<OpenLoop> {
  const outcomes: Promise<Outcome>[] = []
  const startedAt = performance.now()
  const total = Math.max(1, Math.round(rate * seconds))
  let lagMs = 0
  while (outcomes.length < total) {
    const dueAt = startedAt + (outcomes.length / rate) * 1000
    const waitMs = dueAt - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    lagMs = Math.max(lagMs, performance.now() - dueAt)
    outcomes.push(send(requests[outcomes.length % requests.length]!, patienceMs))
  }
  const sendingMs = performance.now() - startedAt
  const all = await Promise.all(outcomes)
  const of = (kind: Outcome['kind']) => all.filter(each => each.kind === kind)
  const good = of('good').filter(({ endedAt }) => endedAt <= startedAt + sendingMs)
  const refused = of('refused')
  return {
    sentPerSecond: (total / sendingMs) * 1000,
    goodPerSecond: (good.length / sendingMs) * 1000,
    refused: refused.length,
    slowestRefusalMs: refused.length > 0 ? Math.max(...refused.map(({ ms }) => ms)) : null,
    failed: of('failed').length,
    late: of('late').length,
    lagMs,
  }
}

function send({ url, headers, body }: BenchRequest, patienceMs: number): Promise<Outcome> {
  const since = performance.now()
  return new Promise(resolve => {
    const end = (kind: Outcome['kind']) => {
      const endedAt = performance.now()
      resolve({ kind, ms: endedAt - since, endedAt })
    }
    const length = { 'content-length': Buffer.byteLength(body) }
    const call = request(url, { method: 'POST', agent, headers: { ...headers, ...length } })
    const timer = setTimeout(() => {
      end('late')
      call.destroy()
    }, patienceMs)
    call.on('error', () => end('failed'))
    call.on('close', () => clearTimeout(timer))
    call.on('response', response => {
      response.resume()
      response.on('end', () => {
        const status = response.statusCode!
        end(status === 200 ? 'good' : refusals.includes(status) ? 'refused' : 'failed')
      })
    })
    call.end(body)
  })
}

const [task] = (await once(process, 'message')) as [OpenLoopTask]
process.send!(await run(task))
