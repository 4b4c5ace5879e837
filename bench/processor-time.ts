import { readdirSync, readFileSync } from 'node:fs'
import { msPerTick, readStat } from '../src/processes.js'

/**
 * Milliseconds of processor time that a process and its descendants have used, with those that have
 * ended. Null where there is no /proc.
 */
export function processorMs(pid: number): number | null {
  const ticks = ticksOf(pid)
  return ticks === null ? null : ticks * msPerTick
}

function ticksOf(pid: number): number | null {
  const stat = readStat(pid)
  if (!stat) return null
  try {
    const own = stat.cpuTicks + stat.endedChildrenTicks
    return childrenOf(pid).reduce((sum, child) => sum + (ticksOf(child) ?? 0), own)
  } catch {
    return null // it has ended since
  }
}

const childrenOf = (pid: number): number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap(thread =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
      .split(' ')
      .filter(Boolean)
      .map(Number),
  )
