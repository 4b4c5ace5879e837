import { spawn } from 'node:child_process'
import {
  accessSync,
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const running = new Set()
const stdio = ['ignore', 'pipe', 'pipe']
const tailLength = 8000

// Kills the program when file descriptor 3 closes, which happens however this process ends. Otherwise
// an npm that outlives a killed set-up would write to the same files as the next set-up's npm.
const tie = `"$@" 3<&- & program=$!
(read -r _ <&3; kill -KILL $program) >/dev/null 2>&1 & watch=$!
wait $program; status=$?
kill $watch; exit $status`

/** Runs a program until it ends; `tail` is the end of its output. Does not throw if the program fails. */
export function run(command, args, { cwd, env, tied = false } = {}) {
  const child = tied
    ? spawn('sh', ['-c', tie, 'sh', command, ...args], { cwd, env, stdio: [...stdio, 'pipe'] })
    : spawn(command, args, { cwd, env, stdio })
  running.add(child)
  let output = ''
  const take = text => {
    output = (output + text).slice(-tailLength)
  }
  child.stdout.setEncoding('utf8').on('data', take)
  child.stderr.setEncoding('utf8').on('data', take)
  return ended(child, () => output).finally(() => running.delete(child))
}

/**
 * Like `run`, for a program that must not be interrupted: it continues if set-up is interrupted or
 * killed. It prints to a file, since a closed pipe would end it.
 */
export async function runToTheEnd(command, args, { env }) {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-'))
  const log = join(folder, 'log')
  const file = openSync(log, 'w')
  try {
    const child = spawn(command, args, { env, stdio: ['ignore', file, file], detached: true })
    return await ended(child, () => readFileSync(log, 'utf8').slice(-tailLength))
  } finally {
    closeSync(file)
    rmSync(folder, { recursive: true, force: true })
  }
}

function ended(child, output) {
  return new Promise(resolve => {
    const end = (ok, signal, failure = '') =>
      resolve({ ok, signal, tail: (output() + failure).trim() })
    child.on('error', error => end(false, null, error.message))
    child.on('close', (status, signal) => end(status === 0, signal))
  })
}

/** Full path of a program in the PATH, or undefined. Starts no process. */
export function onPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder || '.', name)
    try {
      accessSync(path, constants.X_OK)
      if (statSync(path).isFile()) return path
    } catch {
      // not in this folder
    }
  }
}

/** Runs `work`. On a signal, ends the child processes, calls `cleanUp` and exits. */
export async function interruptible(cleanUp, work) {
  const end = (signal, number) => {
    for (const child of running) child.kill('SIGTERM')
    cleanUp()
    console.error(`\ntrainyard: set-up interrupted by ${signal}; the next run continues from here`)
    process.exit(128 + number)
  }
  process.once('SIGINT', end).once('SIGTERM', end).once('SIGHUP', end)
  try {
    return await work()
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end).off('SIGHUP', end)
  }
}
