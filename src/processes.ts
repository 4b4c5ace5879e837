// What Linux says of processes, from /proc. Elsewhere it says nothing: no process is ever proven dead,
// and what a dead one held is freed by age.
import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface ProcessStat {
  /** One letter, as `ps` shows it: R runs, S sleeps, D waits for a disk, T is stopped, Z is dead. */
  state: string
  /** In clock ticks since boot: with the pid, it tells a process from a later one of the same number. */
  startedAt: string
  cpuTicks: number
}

/** null where there is no such process, or no /proc. */
export function readStat(pid: number): ProcessStat | null {
  const stat = readOrNull(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  if (stat === null) return null
  // the name in brackets may hold anything; fields are counted from the last bracket
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return {
    state: fields[0]!,
    startedAt: fields[19]!,
    cpuTicks: Number(fields[11]) + Number(fields[12]),
  }
}

/**
 * Where process numbers have one meaning: this boot of this kernel, and this process-id namespace
 * (a container has its own). Random where the system does not say, so that it equals no other.
 */
const hostId = createHash('sha256')
  .update(
    readOrNull(
      () =>
        readFileSync('/proc/sys/kernel/random/boot_id', 'utf8') + readlinkSync('/proc/self/ns/pid'),
    ) ?? randomUUID(),
  )
  .digest('hex')
  .slice(0, 12)

/** This process's name among all processes of all hosts, over all time: letters, digits and dashes. */
export const ownProcessId = `${hostId}-${process.pid}-${readStat(process.pid)?.startedAt ?? 0}`

/** The name that a text begins with; null where it begins with none. */
export const leadingProcessId = (text: string): string | null =>
  /^[0-9a-f]{12}-\d+-\d+(?!\d)/.exec(text)?.[0] ?? null

/** One that is dead may still have its number, until its parent has looked. */
export const isAlive = (stat: ProcessStat | null): stat is ProcessStat =>
  stat !== null && stat.state !== 'Z' && stat.state !== 'X'

/** Whether the process of this name is proven dead: it was here, and no process of its pid has its start time. */
export function isDead(processId: string): boolean {
  const [host, pid, startedAt] = processId.split('-')
  if (host !== hostId) return false
  const stat = readStat(Number(pid))
  return !isAlive(stat) || stat.startedAt !== startedAt
}

/** Process ids and arguments of all processes that may be looked at. */
export function* listProcesses(): Generator<{ pid: number; args: string[] }> {
  for (const pid of readOrNull(() => readdirSync('/proc')) ?? []) {
    if (!/^\d+$/.test(pid)) continue
    const cmdline = readOrNull(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    if (cmdline) yield { pid: Number(pid), args: cmdline.split('\0') }
  }
}

function readOrNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null // ended meanwhile, or not Linux
  }
}
