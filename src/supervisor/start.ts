// What `npm start` runs: the supervisor as a child, which is started again if it is killed, and continued if
// it is stopped. This process does nothing else, so that nothing else can end it.
import { type ChildProcess, fork } from 'node:child_process'
import { constants } from 'node:os'
import { childEnvironment, refuseArguments } from '../config.js'
import { TrainyardError } from '../errors.js'
import { scriptPath } from '../places.js'
import { isStopped } from '../processes.js'
import type { FromApi } from '../spec/ipc-messages.js'

const script = scriptPath('src/supervisor/main')
const restartDelayMs = 500
const checkIntervalMs = 500
const maxStoppedChecks = 4
/** npm passes Ctrl-C on, and the terminal sends it too: two within this time are one. */
const sameInterruptMs = 300

let supervisor: ChildProcess
/** The public port after the first start, so that a restart does not choose another. */
let port: string | undefined
let stopping = false

function start(): void {
  const args = port === undefined ? [] : ['--restarted']
  const env = childEnvironment(port === undefined ? {} : { TRAINYARD_PORT: port })
  // its own process group: Ctrl-C reaches this process alone, which passes it on
  supervisor = fork(script, args, { env, detached: true, stdio: 'inherit', execArgv: [] })
  supervisor.on('message', (message: FromApi) => {
    if (message.type !== 'listening') return
    if (port === undefined) process.send?.(message)
    port = new URL(message.url).port
  })
  const timer = continueIfStopped(supervisor)
  supervisor.once('exit', (code, signal) => {
    clearInterval(timer)
    const exitCode = code ?? 128 + constants.signals[signal!]
    // before it has listened, it has printed what is wrong
    if (stopping || port === undefined || exitCode === 0) process.exit(exitCode)
    console.error(
      `the supervisor ended (${signal ?? `exit code ${code}`}); starting it again: API and worker start again too, and running jobs continue from their last checkpoint`,
    )
    setTimeout(start, restartDelayMs)
  })
}

function continueIfStopped(child: ChildProcess): NodeJS.Timeout {
  let stoppedChecks = 0
  return setInterval(() => {
    stoppedChecks = isStopped(child.pid!) ? stoppedChecks + 1 : 0
    if (stoppedChecks < maxStoppedChecks) return
    stoppedChecks = 0
    console.error('the supervisor was stopped and is continued; to stop the server, press Ctrl-C')
    child.kill('SIGCONT')
  }, checkIntervalMs)
}

let interruptedAt = Number.NEGATIVE_INFINITY
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (signal === 'SIGINT') {
      if (performance.now() - interruptedAt < sameInterruptMs) return
      interruptedAt = performance.now()
    }
    stopping = true
    // without a supervisor, one is about to start
    if (!supervisor.kill(signal)) process.exit(128 + constants.signals[signal])
  })
}
// the parent process is gone
process.on('disconnect', () => {
  stopping = true
  if (supervisor.connected) supervisor.disconnect()
})

try {
  refuseArguments('npm start', process.argv.slice(2))
  start()
} catch (error) {
  if (!(error instanceof TrainyardError)) throw error
  console.error(`trainyard: ${error.message}`)
  process.exit(1)
}
