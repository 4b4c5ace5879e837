// Process states from /proc, on Linux. On other systems no process is ever proven dead, so what a dead
// process held is released by age.
import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface ProcessStat {
  /** One letter, as in `ps`: R running, S sleeping, D waiting for a disk, T stopped, Z zombie. */
  state: string
  /** Clock ticks since boot; distinguishes a process from a later one with the same pid. */
  startedAt: string
  /** Processor time used so far, in clock ticks. */
  cpuTicks: number
  /** The same of its children that have ended, and of theirs. */
  endedChildrenTicks: number
}

/** null if there is no such process or no /proc. */
export function readStat(pid: number): ProcessStat | null {
  const stat = readOrNull(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  if (stat === null) return null
  // the process name, in brackets, may contain anything: count fields from the last bracket
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return {
    state: fields[0]!,
    startedAt: fields[19]!,
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    endedChildrenTicks: Number(fields[13]) + Number(fields[14]),
  }
}

/** Linux counts the times in /proc in hundredths of a second on every machine (USER_HZ). */
export const msPerTick = 10

/** Whether a process is stopped (SIGSTOP, SIGTSTP). A debugger's state t does not count. False without /proc. */
export const isStopped = (pid: number): boolean => readStat(pid)?.state === 'T'

/** Processor time that a process has used; null if it has ended or there is no /proc. */
export function cpuMsOf(pid: number): number | null {
  const stat = readStat(pid)
  return stat && stat.cpuTicks * msPerTick
}

/** Memory of a process that is not swapped out; null if it has ended or there is no /proc. */
export function residentBytesOf(pid: number): number | null {
  const status = readOrNull(() => readFileSync(`/proc/${pid}/status`, 'utf8'))
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status ?? '')?.[1]
  return kibibytes === undefined ? null : Number(kibibytes) * 1024
}

/** Bytes that a process has read from and written to disks; null if it has ended or the system does not say. */
function diskBytesOf(pid: number): { read: number; written: number } | null {
  const io = readOrNull(() => readFileSync(`/proc/${pid}/io`, 'utf8')) ?? ''
  const bytesOf = (name: string) => new RegExp(`^${name}: (\\d+)$`, 'm').exec(io)?.[1]
  const [read, written] = [bytesOf('read_bytes'), bytesOf('write_bytes')]
  return read === undefined || written === undefined
    ? null
    : { read: Number(read), written: Number(written) }
}

/** What a process has used since it began. */
export interface ProcessUsage {
  /** `performance.now()` of this process when it was read, or heard of. */
  at: number
  cpuMs: number
  /** Memory that is not swapped out; null if it is not known. */
  residentBytes: number | null
  /** Bytes read from and written to disks; null if the system does not say. */
  disk: { read: number; written: number } | null
  /** Whether a debugger has stopped it. */
  isTraced: boolean
}

/** Null if the process has ended or there is no /proc. */
export function usageOf(pid: number): ProcessUsage | null {
  const stat = readStat(pid)
  return (
    stat && {
      at: performance.now(),
      cpuMs: stat.cpuTicks * msPerTick,
      residentBytes: residentBytesOf(pid),
      disk: diskBytesOf(pid),
      isTraced: stat.state === 't',
    }
  )
}

/**
 * Identifies the scope in which a pid is unique: this boot of the kernel and this pid namespace (a
 * container has its own). Random if the system has no /proc, so that it equals no other host's.
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

/** Whether a process id is of this host: of this boot and pid namespace. Never without /proc. */
export const isOfThisHost = (processId: string): boolean => processId.split('-')[0] === hostId

/** Id of this process, unique across hosts and boots: `<host>-<pid>-<start time>`. */
export const ownProcessId = `${hostId}-${process.pid}-${readStat(process.pid)?.startedAt ?? 0}`

/** The process id at the start of a text; null if there is none. */
export const leadingProcessId = (text: string): string | null =>
  /^[0-9a-f]{12}-\d+-\d+(?!\d)/.exec(text)?.[0] ?? null

/** A dead process keeps its pid as a zombie until its parent has waited for it. */
export const isAlive = (stat: ProcessStat | null): stat is ProcessStat =>
  stat !== null && stat.state !== 'Z' && stat.state !== 'X'

/** True if the process ran on this host and no process with its pid has its start time. */
export function isDead(processId: string): boolean {
  const [, pid, startedAt] = processId.split('-')
  if (!isOfThisHost(processId)) return false
  const stat = readStat(Number(pid))
  return !isAlive(stat) || stat.startedAt !== startedAt
}

/** Pids and arguments of all processes that this user may see. */
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
    return null // the process has ended, or this is not Linux
  }
}
