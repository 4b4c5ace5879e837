import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpuMsOf, residentBytesOf } from '../../src/processes.js'
import { eventually } from '../../testing/eventually.js'
import { findDescendants } from '../../testing/processes.js'
import { BenchError } from '../failure.js'
import type { Program } from '../subject.js'
import type { BenchRequest, RunningServer } from './server.js'

/** torch.compile takes minutes on a busy machine. */
const startTimeoutMs = 10 * 60_000

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const { pid } of running) if (pid) send(-pid, 'SIGKILL')
})

/** What holds for every server, by the process that started the others. */
export const controlsOf = (
  pid: number,
): Pick<RunningServer, 'memoryMb' | 'cpuSeconds' | 'pause' | 'resume'> => ({
  memoryMb: async () => {
    const bytes = (await findDescendants(pid, '')).map(each => residentBytesOf(each) ?? 0)
    return Math.round(bytes.reduce((sum, each) => sum + each, 0) / 2 ** 20)
  },
  cpuSeconds: async () =>
    (await findDescendants(pid, '')).reduce((sum, each) => sum + (cpuMsOf(each) ?? 0) / 1000, 0),
  pause: () => signalAll(pid, 'SIGSTOP'),
  resume: () => signalAll(pid, 'SIGCONT'),
})

/** What a server is asked until it answers: a page, or with a body a prediction. */
type FirstRequest = Pick<BenchRequest, 'url'> & Partial<BenchRequest>

/** Starts a server, waits for its first answer, and kills it after `work`. */
export async function withServerProcess<T>(
  { command, args, env }: Program,
  first: FirstRequest,
  work: (started: { pid: number; startSeconds: number }) => Promise<T>,
): Promise<T> {
  const since = performance.now()
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    // in a process group of its own, which is killed as a whole if the bench is ended
    detached: true,
  })
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', text => {
    stderr = (stderr + text).slice(-4000)
  })
  running.add(child)
  try {
    await eventually('the server to answer', () => answers(child, first, () => stderr), {
      timeoutMs: startTimeoutMs,
    })
    return await work({ pid: child.pid!, startSeconds: (performance.now() - since) / 1000 })
  } finally {
    running.delete(child)
    const isRunning = child.exitCode === null && child.signalCode === null
    const exited = isRunning ? once(child, 'exit') : Promise.resolve()
    if (child.pid) await signalAll(child.pid, 'SIGKILL')
    await exited
  }
}

async function answers(
  child: ChildProcess,
  { url, headers = {}, body }: FirstRequest,
  stderr: () => string,
): Promise<true | null> {
  if (child.exitCode !== null) {
    const reason = stderr().trim().split('\n').slice(-3).join(' ')
    throw new BenchError(`it exited with status ${child.exitCode}: ${reason}`)
  }
  const options = body === undefined ? { headers } : { method: 'POST', headers, body }
  const answer = await fetch(url, options).catch(() => null)
  if (!answer) return null
  const text = await answer.text()
  if (answer.ok) return true
  // servers that listen before they have loaded say 502 to 504, or 404 and 400 for a model that is not there yet
  if (answer.status !== 500) return null
  throw new BenchError(`it answered ${answer.status}: ${text.slice(0, 500)}`)
}

async function signalAll(pid: number, signal: NodeJS.Signals): Promise<void> {
  for (const each of await findDescendants(pid, '')) send(each, signal)
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // it has ended since it was listed
  }
}
