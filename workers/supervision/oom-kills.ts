import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * How often the kernel has killed a process for lack of memory, as far as it concerns this process and its
 * children: in their control group or, without one, on this machine. Null if the system does not say.
 * `root` is `/` except in tests.
 *
 * A parent only sees SIGKILL. A count that is higher after the attempt than before gives the reason.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html (memory.events), cgroup-v1/memory.html (oom_control)
 */
export function countOomKills(root = '/'): number | null {
  for (const file of groupFiles(root)) {
    const count = readCount(file)
    if (count !== null) return count
  }
  return readCount(join(root, 'proc/vmstat'))
}

/** Candidates, the most specific first. In a container the path may be the host's, and the mount the container's. */
function groupFiles(root: string): string[] {
  const mount = join(root, 'sys/fs/cgroup')
  const lines = (readText(join(root, 'proc/self/cgroup')) ?? '').split('\n')
  return lines.flatMap(line => {
    const [, controllers, group] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (controllers === '' && group !== undefined) {
      return ['', 'unified'].flatMap(hierarchy => [
        join(mount, hierarchy, group, 'memory.events'),
        join(mount, hierarchy, 'memory.events'),
      ])
    }
    if (!controllers?.split(',').includes('memory') || group === undefined) return []
    return [
      join(mount, 'memory', group, 'memory.oom_control'),
      join(mount, 'memory', 'memory.oom_control'),
    ]
  })
}

function readCount(file: string): number | null {
  const [, count] = /^oom_kill (\d+)$/m.exec(readText(file) ?? '') ?? []
  return count === undefined ? null : Number(count)
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null // not Linux, or another version of control groups
  }
}
