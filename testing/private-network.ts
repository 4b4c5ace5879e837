// A network of its own for programs that listen on every address of their host.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { CleanupScope } from './temp-folder.js'

const isRoot = process.getuid?.() === 0
/** Without root, a namespace of users comes with it. */
const unshare = ['unshare', ...(isRoot ? [] : ['--user', '--map-root-user']), '--net']
const loopbackUp = 'ip link set lo up'

/** Options of a test that needs one; skipped where the system allows none, with the reason. */
export const needsPrivateNetwork = (): { skip: string | false } => {
  const [program, ...args] = unshare
  const probe = spawnSync(program!, [...args, 'sh', '-c', loopbackUp], { encoding: 'utf8' })
  if (probe.status === 0) return { skip: false }
  const reason = probe.error?.message ?? probe.stderr.trim()
  return { skip: `no network namespace can be made here (${reason})` }
}

export interface PrivateNetwork {
  /** A command that runs in it: nothing outside reaches what it listens on, but files and their sockets are shared. */
  command(program: string, ...args: string[]): [string, string[]]
}

/** Has loopback alone. It ends after the test, with all that `commands` started still to be ended by the test. */
export async function openPrivateNetwork(scope: CleanupScope): Promise<PrivateNetwork> {
  const [program, ...args] = unshare
  const script = `${loopbackUp} && echo ready && exec sleep infinity`
  const holder: ChildProcess = spawn(program!, [...args, 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  scope.after(async () => {
    holder.kill('SIGKILL')
    if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'exit')
  })
  await once(createInterface(holder.stdout!), 'line')
  const into = ['--target', String(holder.pid), '--net']
  if (!isRoot) into.push('--user', '--preserve-credentials')
  return { command: (name, ...rest) => ['nsenter', [...into, name, ...rest]] }
}
