import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second, whatever its clock does (proc(5), USER_HZ). */
const msPerTick = 10

/**
 * Milliseconds of processor time that a process and its descendants have used, with those that have
 * ended. Null where there is no /proc.
 */
export function processorMs(pid: number): number | null {
  const ticks = ticksOf(pid)
  return ticks === null ? null : ticks * msPerTick
}

function ticksOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the name before it may contain spaces; then come the state and the fields from the fourth on
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const own = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    return childrenOf(pid).reduce((sum, child) => sum + (ticksOf(child) ?? 0), own)
  } catch {
    return null // it has ended since, or this is not Linux
  }
}

const childrenOf = (pid: number): number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap(thread =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
      .split(' ')
      .filter(Boolean)
      .map(Number),
  )
