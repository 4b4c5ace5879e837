// P19. Starts are made as a shell makes them: once, with what they print at hand.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { signal, TestDeployment } from '../deployment.js'
import type { AcceptanceTest } from './acceptance-test.js'
import { percentiles } from './percentile.js'

const supervisorScript = fileURLToPath(new URL('../../src/supervisor/main.js', import.meta.url))
const refusalTimeoutMs = 10_000
const startTimeoutMs = 90_000

/** Who is killed: the one that was started alone, or all at once. */
const killTargets = ['supervisor', 'all'] as const

export const dataFolder: AcceptanceTest = {
  guarantee: 'P19',
  description: 'a second server on the same data folder, and a start after kill -9',
  rounds: 10,
  run: (rounds, log) => TestDeployment.with(deployment => startTwice(deployment, rounds, log)),
}

async function startTwice(deployment: TestDeployment, rounds: number, log: (line: string) => void) {
  const violations: string[] = []
  const refusals: number[] = []
  const starts: number[] = []
  for (let n = 0; n < rounds; n++) {
    const first = (await deployment.find('supervisor'))[0]!
    const second = await start(deployment, refusalTimeoutMs)
    if (
      second.isListening ||
      !second.stderr.includes(`another Trainyard (process ${first}) uses`)
    ) {
      const how = second.isListening ? 'it started' : `it said: ${second.stderr}`
      violations.push(`round ${n}: a second server was not refused in ${second.ms} ms: ${how}`)
    }
    refusals.push(second.ms)
    await checkResponds(deployment, violations, `round ${n}, after the refusal`)

    const target = killTargets[n % killTargets.length]!
    const killed = target === 'all' ? (await deployment.processes()).map(({ pid }) => pid) : [first]
    for (const pid of killed) signal(pid, 'SIGKILL')
    const next = await start(deployment, startTimeoutMs)
    if (!next.isListening) {
      violations.push(
        `round ${n}: no start after kill -9 of ${target}, within ${next.ms} ms: ${next.stderr}`,
      )
      await deployment.start()
    }
    starts.push(next.ms)
    await checkResponds(deployment, violations, `round ${n}, after the start`)
    log(`refused after ${second.ms} ms; ${target} killed, listens after ${next.ms} ms`)
  }
  return {
    rounds,
    violations,
    measurements: { ...percentiles('refusedMs', refusals), ...percentiles('startedMs', starts) },
  }
}

interface StartResult {
  /** False where it has ended, or says nothing. */
  isListening: boolean
  stderr: string
  ms: number
}

async function start(deployment: TestDeployment, timeoutMs: number): Promise<StartResult> {
  const since = performance.now()
  const child = fork(supervisorScript, [], {
    env: { ...deployment.environment, TRAINYARD_DATA: deployment.folder },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: true,
  })
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const isListening = await Promise.race([
    waitForListening(child),
    once(child, 'close').then(() => false),
  ])
  clearTimeout(timer)
  return { isListening, stderr: stderr.trim(), ms: Math.round(performance.now() - since) }
}

const waitForListening = (child: ChildProcess) =>
  new Promise<boolean>(resolve => {
    child.on('message', ({ type }: { type?: string }) => {
      if (type === 'listening') resolve(true)
    })
  })

async function checkResponds(
  deployment: TestDeployment,
  violations: string[],
  when: string,
): Promise<void> {
  const answer = await fetch(`${deployment.url}/jobs`, {
    headers: { authorization: `Bearer ${deployment.key}` },
  }).catch((error: Error) => error)
  if (answer instanceof Response && answer.ok) return
  const what = answer instanceof Response ? answer.status : answer.message
  violations.push(`${when}: GET /jobs: ${what}`)
}
