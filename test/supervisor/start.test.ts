// `npm start` without set-up: what ends or stops comes back.
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isAlive, readStat } from '../../src/processes.js'
import { waitForListening } from '../../testing/api-process.js'
import { eventually, within } from '../../testing/eventually.js'
import { findDescendants, findProcessesOf } from '../../testing/processes.js'

const script = fileURLToPath(new URL('../../src/supervisor/start.js', import.meta.url))
const timeoutMs = 60_000

let folder: string
let url: string
let launcher: ChildProcess
let output = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-start-'))
  launcher = fork(script, {
    env: {
      ...process.env,
      TRAINYARD_DATA: join(folder, 'data'),
      TRAINYARD_PORT: '0',
      TRAINYARD_LOG_LEVEL: 'error',
      TRAINYARD_SPARE_TRAINERS: 'off',
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
  })
  for (const stream of [launcher.stdout, launcher.stderr])
    stream!.setEncoding('utf8').on('data', text => {
      output += text
    })
  url = await waitForListening(launcher)
})
after(async () => {
  launcher.kill('SIGKILL')
  for (const { pid } of await findProcessesOf(folder)) process.kill(pid, 'SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

const scripts = {
  supervisor: 'supervisor/main.js',
  api: 'src/api/main.js',
  worker: 'workers/worker.js',
}

async function pidOf(name: keyof typeof scripts): Promise<number> {
  const pids = await findDescendants(launcher.pid!, scripts[name])
  return pids.at(-1) ?? 0
}

const isGone = (pid: number) => !isAlive(readStat(pid))

/** Waits until a request is answered, by whichever API runs. */
async function waitForAnswer(t: TestContext, since: number): Promise<void> {
  const answers = async () => {
    const signal = AbortSignal.timeout(5000)
    const answer = await fetch(`${url}/healthz`, { signal }).catch(() => null)
    return answer?.status === 200
  }
  await eventually('an answer', answers, { timeoutMs })
  t.diagnostic(`serves again after ${Math.round(performance.now() - since)} ms`)
}

test('a killed supervisor is started again at the same address, and adopts Redis', async t => {
  const [supervisor, api, worker] = await Promise.all([
    pidOf('supervisor'),
    pidOf('api'),
    pidOf('worker'),
  ])
  const since = performance.now()
  process.kill(supervisor, 'SIGKILL')
  await eventually('the end of the old API', () => isGone(api), { timeoutMs })
  await waitForAnswer(t, since)
  await eventually('the end of the old worker', () => isGone(worker), { timeoutMs })
  await eventually(
    'new processes',
    async () => (await pidOf('supervisor')) && (await pidOf('api')) && pidOf('worker'),
    { timeoutMs },
  )
  assert.match(output, /the supervisor ended \(SIGKILL\); starting it again/)
  assert.match(output, /embedded, still running/)
})

test('a stopped supervisor continues', async () => {
  const supervisor = await pidOf('supervisor')
  process.kill(supervisor, 'SIGSTOP')
  await eventually('the line', () => output.includes('the supervisor was stopped'), { timeoutMs })
  await eventually('it to continue', () => readStat(supervisor)?.state !== 'T')
})

for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
  test(`a worker that gets ${signal} is started again`, async () => {
    const worker = await pidOf('worker')
    process.kill(worker, signal)
    await eventually('the old one to end', () => isGone(worker), { timeoutMs })
    await eventually('another one', () => pidOf('worker'), { timeoutMs })
  })
}

test('SIGTERM ends everything in order', async () => {
  const exited = once(launcher, 'exit')
  launcher.kill('SIGTERM')
  assert.deepEqual(await within('the launcher to exit', exited, { timeoutMs }), [0, null])
  assert.deepEqual(await findProcessesOf(folder), [])
})
