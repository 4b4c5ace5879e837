// Where the ranks of a gang on this host may reach each other. TensorFlow's server and XGBoost's workers listen on
// every interface and trust everybody, so they run only in a network that has nobody else.
import { spawnSync } from 'node:child_process'

/**
 * `namespace`: each gang has a network of its own, which only its ranks are in. `private`: the operator says that nobody
 * else reaches the network of this host.
 */
export type GangNetwork =
  | { kind: 'namespace' }
  | { kind: 'private' }
  | { kind: 'none'; problem: string }

const inOwnNetwork = ['--user', '--map-root-user', '--net', '--']

let found: GangNetwork | null = null

/** Asks the system once. `isPrivate`: what the setting TRAINYARD_GANG_NETWORK says. */
export function findGangNetwork({
  isPrivate,
  usesBucket,
}: {
  isPrivate: boolean
  usesBucket: boolean
}): GangNetwork {
  if (isPrivate) return { kind: 'private' }
  if (usesBucket) {
    return none(
      'a network of their own, from which the bucket of TRAINYARD_STORE cannot be reached',
      `if ${nobodyElse}`,
    )
  }
  found ??= tryNamespace()
  return found
}

function tryNamespace(): GangNetwork {
  for (const [command, args] of [
    ['unshare', [...inOwnNetwork, 'true']],
    ['nsenter', ['--version']],
  ] as const) {
    const { status, error, stderr } = spawnSync(command, args, {
      encoding: 'utf8',
      timeout: 10_000,
    })
    if (status === 0) continue
    const reason = error ? error.message : stderr.trim() || `it ended with ${status}`
    return none(
      `no network of their own, since none can be made (${command}: ${reason})`,
      `allow user namespaces on this machine; or, if ${nobodyElse}`,
    )
  }
  return { kind: 'namespace' }
}

const nobodyElse =
  'nobody else reaches the network of this machine, set TRAINYARD_GANG_NETWORK=private'

const none = (network: string, cure: string): GangNetwork => ({
  kind: 'none',
  problem: `the processes of a job, whose ports ask for no password, would have ${network}: ${cure}`,
})

/** A command to be run in place of a program and its arguments, which it then becomes: the process keeps its id. */
export interface Wrapper {
  command: string
  args: readonly string[]
}

/** The program has a network of its own, in which nothing but itself can be reached. */
export const ownNetwork: Wrapper = { command: 'unshare', args: inOwnNetwork }

/** The program is in the network of a process. */
export const networkOf = (pid: number): Wrapper => ({
  command: 'nsenter',
  args: ['--target', String(pid), '--user', '--preserve-credentials', '--net', '--'],
})
