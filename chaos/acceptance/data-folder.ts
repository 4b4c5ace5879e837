// P19. Each start is tried once, as a shell would, and its error output is kept.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { percentiles } from '../../testing/percentile.js'
import { ChaosDeployment, signal } from '../deployment.js'
import type { AcceptanceTest } from './acceptance-test.js'

const supervisorScript = fileURLToPath(new URL('../../src/supervisor/main.js', import.meta.url))
const refusalTimeoutMs = 10_000
const startTimeoutMs = 90_000
const responseTimeoutMs = 30_000

/** What is killed: the process that was started, or all processes. */
const killTargets = ['supervisor', 'all'] as const

export const dataFolder: AcceptanceTest = {
  guarantee: 'P19',
  description: 'starts a second server on the data folder, and a server after kill -9',
  rounds: 10,
  run: (rounds, log) => ChaosDeployment.with(deployment => startTwice(deployment, rounds, log)),
}

async function startTwice(
  deployment: ChaosDeployment,
  rounds: number,
  log: (line: string) => void,
) {
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
      const how = second.isListening ? 'it started' : `it printed: ${second.stderr}`
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
  /** False if it exited, or did not listen before the timeout. */
  isListening: boolean
  stderr: string
  ms: number
}

async function start(deployment: ChaosDeployment, timeoutMs: number): Promise<StartResult> {
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
  deployment: ChaosDeployment,
  violations: string[],
  when: string,
): Promise<void> {
  const answer = await fetch(`${deployment.url}/jobs`, {
    headers: { authorization: `Bearer ${deployment.key}` },
    signal: AbortSignal.timeout(responseTimeoutMs),
  }).catch((error: Error) => error)
  if (answer instanceof Response && answer.ok) return
  const what = answer instanceof Response ? answer.status : answer.message
  violations.push(`${when}: GET /jobs: ${what}`)
}
