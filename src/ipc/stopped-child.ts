import type { ChildProcess } from 'node:child_process'
import { isStopped } from '../processes.js'

const checkIntervalMs = 250

/**
 * How long a child may be stopped. A busy machine makes a process slow, but never stopped, so this can be short.
 * Ctrl-Z in a terminal also stops the parent, so that time does not count.
 */
export const maxStoppedMs = 1000

/**
 * Kills a child that has been stopped (SIGSTOP, SIGTSTP: state T in /proc) for `maxStoppedMs`. A
 * stopped process neither answers nor ends, and its parent gets no event. A child that is slow, waits
 * for a disk or runs under a debugger (state t) is left alone. `onKill` is called before the kill.
 *
 * Time is counted in checks, which stop if this process is stopped too. Without /proc this does nothing.
 */
export function killIfStopped(child: ChildProcess, onKill: () => void): void {
  const { pid } = child
  if (pid === undefined) return
  let stoppedMs = 0
  const timer = setInterval(() => {
    stoppedMs = isStopped(pid) ? stoppedMs + checkIntervalMs : 0
    if (stoppedMs < maxStoppedMs) return
    clearInterval(timer)
    onKill()
    child.kill('SIGKILL')
  }, checkIntervalMs).unref()
  child.once('exit', () => clearInterval(timer))
}
