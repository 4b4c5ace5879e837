import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { killIfStopped } from '../ipc/stopped-child.js'
import type { Logger } from '../log.js'
import { collectorFlag } from '../v8-flags.js'

export type PredictorLog = Pick<Logger, 'debug' | 'info' | 'warn'>

export interface PredictorChildOptions {
  script: string
  env: NodeJS.ProcessEnv
  log: PredictorLog
}

/**
 * Its heap is small, but each batch makes arrays whose bytes V8 counts. With a large young generation V8 marked all
 * objects for them, 20 to 30 ms of processor time more than once a second; a small one frees them as they come.
 */
const flags = ['--max-semi-space-size=1', collectorFlag]

const closeGraceMs = 2000

/**
 * Starts a predictor process. It is killed if it is stopped, or has no IPC channel any more. If the system has no
 * process for it, it has no `pid`, and emits `exit` as one that ended.
 */
export function forkPredictor({ script, env, log }: PredictorChildOptions): ChildProcess {
  const child = fork(script, {
    env,
    serialization: 'advanced',
    execArgv: flags,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  // TensorFlow writes diagnostics to both streams while it loads.
  for (const output of [child.stdout, child.stderr]) {
    // without file descriptors there is none
    if (!output) continue
    createInterface(output).on('line', line => log.debug({ line }, 'output of the predictor'))
  }
  killIfStopped(child, () =>
    log.warn({ pid: child.pid }, 'the predictor is stopped (SIGSTOP): killing it'),
  )
  // Without its IPC channel the child cannot answer.
  child.on('disconnect', () => child.kill('SIGKILL'))
  child.on('error', error => {
    log.warn({ err: error }, 'the predictor process reported an error')
    if (child.pid === undefined) child.emit('exit', null, null)
  })
  return child
}

/** Ends a predictor process that has not ended. */
export async function closePredictor(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const killTimer = setTimeout(() => child.kill('SIGKILL'), closeGraceMs)
  await exited
  clearTimeout(killTimer)
}
