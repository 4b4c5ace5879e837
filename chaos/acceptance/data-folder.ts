// P19. Starts are made as a shell makes them: once, with what they print at hand.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Site, signal } from '../deployment.js'
import type { Gate } from './acceptance-test.js'
import { spread } from './percentile.js'

const supervisorScript = fileURLToPath(new URL('../../src/supervisor/main.js', import.meta.url))
const refuseWithinMs = 10_000
const startWithinMs = 90_000

/** Who is killed: the one that was started alone, or all at once. */
const blows = ['supervisor', 'all'] as const

export const dataFolder: Gate = {
  promise: 'P19',
  what: 'a second server on the same data folder, and a start after kill -9',
  rounds: 10,
  run: (rounds, say) => Site.with(site => startTwice(site, rounds, say)),
}

async function startTwice(site: Site, rounds: number, say: (line: string) => void) {
  const violations: string[] = []
  const refusals: number[] = []
  const starts: number[] = []
  for (let n = 0; n < rounds; n++) {
    const first = (await site.find('supervisor'))[0]!
    const second = await start(site, refuseWithinMs)
    if (second.listens || !second.said.includes(`another Trainyard (process ${first}) uses`)) {
      const how = second.listens ? 'it started' : `it said: ${second.said}`
      violations.push(`round ${n}: a second server was not refused in ${second.ms} ms: ${how}`)
    }
    refusals.push(second.ms)
    await lives(site, violations, `round ${n}, after the refusal`)

    const blow = blows[n % blows.length]!
    const killed = blow === 'all' ? (await site.processes()).map(({ pid }) => pid) : [first]
    for (const pid of killed) signal(pid, 'SIGKILL')
    const next = await start(site, startWithinMs)
    if (!next.listens) {
      violations.push(
        `round ${n}: no start after kill -9 of ${blow}, within ${next.ms} ms: ${next.said}`,
      )
      await site.start()
    }
    starts.push(next.ms)
    await lives(site, violations, `round ${n}, after the start`)
    say(`refused after ${second.ms} ms; ${blow} killed, listens after ${next.ms} ms`)
  }
  return {
    rounds,
    violations,
    figures: { ...spread('refusedMs', refusals), ...spread('startedMs', starts) },
  }
}

interface Start {
  /** False where it has ended, or says nothing. */
  listens: boolean
  said: string
  ms: number
}

async function start(site: Site, withinMs: number): Promise<Start> {
  const since = performance.now()
  const child = fork(supervisorScript, [], {
    env: { ...site.environment, TRAINYARD_DATA: site.folder },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: true,
  })
  let said = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
  const listens = await Promise.race([listening(child), once(child, 'close').then(() => false)])
  clearTimeout(timer)
  return { listens, said: said.trim(), ms: Math.round(performance.now() - since) }
}

const listening = (child: ChildProcess) =>
  new Promise<boolean>(resolve => {
    child.on('message', ({ type }: { type?: string }) => {
      if (type === 'listening') resolve(true)
    })
  })

async function lives(site: Site, violations: string[], when: string): Promise<void> {
  const answer = await fetch(`${site.url}/jobs`, {
    headers: { authorization: `Bearer ${site.key}` },
  }).catch((error: Error) => error)
  if (answer instanceof Response && answer.ok) return
  const what = answer instanceof Response ? answer.status : answer.message
  violations.push(`${when}: GET /jobs: ${what}`)
}
