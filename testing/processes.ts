import { readdir, readFile, readlink } from 'node:fs/promises'

interface ProcessInfo {
  pid: number
  parent: number
  command: string
}

/** The processes of this machine, from Linux's /proc. */
async function listProcesses(): Promise<ProcessInfo[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const read = pids.map(async pid => {
    try {
      const [stat, command] = await Promise.all([
        readFile(`/proc/${pid}/stat`, 'utf8'),
        readFile(`/proc/${pid}/cmdline`, 'utf8'),
      ])
      // the name in parentheses may contain any character; state and parent follow the last one
      const [state, parentPid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      // it has ended, though its parent may be stopped and not have noticed
      if (state === 'Z') return null
      const parent = Number(parentPid)
      return { pid: Number(pid), parent, command: command.replaceAll('\0', ' ') }
    } catch {
      return null // the process has ended since it was listed
    }
  })
  return (await Promise.all(read)).filter(one => one !== null)
}

/** The descendants of `root` that run this script, oldest first. */
export async function findDescendants(root: number, script: string): Promise<number[]> {
  const all = await listProcesses()
  const descendants = withDescendants(all, [root])
  return all
    .filter(({ pid, command }) => descendants.has(pid) && command.includes(script))
    .map(({ pid }) => pid)
    .sort((a, b) => a - b)
}

function withDescendants(all: readonly ProcessInfo[], roots: readonly number[]): Set<number> {
  const found = new Set(roots)
  for (let size = 0; size !== found.size; ) {
    size = found.size
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid)
  }
  return found
}

/**
 * The processes that have `folder` in their environment, or their working directory in it, and their
 * descendants. The second finds Redis, which overwrites its environment; the third finds processes that get no
 * environment, since they read what clients have sent.
 */
export async function findProcessesOf(folder: string): Promise<ProcessInfo[]> {
  const all = await listProcesses()
  const mentions = all.map(async one => {
    // neither can be read if the process has ended or belongs to another user
    const environment = await readFile(`/proc/${one.pid}/environ`, 'latin1').catch(() => '')
    const cwd = await readlink(`/proc/${one.pid}/cwd`).catch(() => '')
    return environment.includes(folder) || cwd.startsWith(folder) ? [one.pid] : []
  })
  const found = withDescendants(all, (await Promise.all(mentions)).flat())
  return all.filter(({ pid }) => found.has(pid))
}

/** The files that a process has mapped into its memory. */
export const readMemoryMaps = (pid: number): Promise<string> =>
  readFile(`/proc/${pid}/maps`, 'utf8')
