import type { ChildProcess } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { msPerTick, readStat } from '../processes.js'
import type { FromSupervisor, Pong } from '../spec/ipc-messages.js'

const intervalMs = 500
/** A child that has not answered yet loads its modules. */
const startTimeoutMs = 120_000
/** A parent whose check comes later than this was stopped itself, or the machine is overloaded. */
const maxLatenessMs = 1000
/** After this time without a ping, a child takes its parent for stopped. */
const parentSilentMs = 5000

/**
 * Pings a child over IPC, and kills it if its event loop answers nothing for `maxSilentMs`: it is in an
 * endless loop or a deadlock. Time is counted in checks that come in time, and for a child that runs by
 * the processor time that it gets, so that neither a pause of this process nor an overloaded machine
 * counts against it. `onKill` is called before the kill.
 *
 * A ping is answered by the event loop itself, so a flood of connections cannot delay it as it would
 * delay an HTTP request, and it needs no file or port that can be lost.
 */
export function killIfSilent(
  child: ChildProcess,
  maxSilentMs: number,
  onKill: (silentMs: number) => void,
): void {
  let started = false
  let silentMs = 0
  let lastCheck = performance.now()
  child.on('message', (message: Partial<Pong>) => {
    if (message.type !== 'pong') return
    started = true
    silentMs = 0
  })
  let cpuTicks = 0
  const countedMs = () => {
    const stat = child.pid === undefined ? null : readStat(child.pid)
    if (!stat) return intervalMs
    const usedMs = (stat.cpuTicks - cpuTicks) * msPerTick
    cpuTicks = stat.cpuTicks
    if (stat.state === 'S') return intervalMs
    // it may wait for a processor; in other states it waits for a disk or is stopped
    return stat.state === 'R' ? Math.min(usedMs, intervalMs) : 0
  }
  const check = async () => {
    // timers run before the answers that have arrived meanwhile are read
    await setImmediate()
    const now = performance.now()
    if (now - lastCheck < intervalMs + maxLatenessMs) silentMs += countedMs()
    else countedMs()
    lastCheck = now
    if (silentMs > (started ? maxSilentMs : startTimeoutMs)) {
      clearInterval(timer)
      onKill(silentMs)
      child.kill('SIGKILL')
    } else if (child.connected) {
      child.send({ type: 'ping' } satisfies FromSupervisor, () => {})
    }
  }
  const timer = setInterval(() => void check(), intervalMs).unref()
  child.once('exit', () => clearInterval(timer))
}

/**
 * The child's side of `killIfSilent`. `onParentSilent` is called once with `true` if no ping comes for
 * 5 s, and once with `false` when they come again. Does nothing in a process without a parent that pings.
 */
export function answerPings(onParentSilent: (silent: boolean) => void = () => {}): void {
  let silentMs = 0
  let silent = false
  let timer: NodeJS.Timeout | undefined
  const check = () => {
    silentMs += intervalMs
    if (silent || silentMs < parentSilentMs) return
    silent = true
    onParentSilent(true)
  }
  process.on('message', (message: Partial<FromSupervisor>) => {
    if (message.type !== 'ping') return
    process.send?.({ type: 'pong' } satisfies Pong, () => {})
    silentMs = 0
    if (silent) onParentSilent(false)
    silent = false
    timer ??= setInterval(check, intervalMs).unref()
  })
  process.once('disconnect', () => clearInterval(timer))
}
