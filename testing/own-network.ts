import { type ChildProcess, fork } from 'node:child_process'
import { findGangNetwork, ownNetwork } from '../workers/executors/gang-network.js'

/** Why a test cannot give processes a network of their own; false if it can. For the option `skip`. */
export function ownNetworkProblem(): string | false {
  const network = findGangNetwork({ isPrivate: false, usesBucket: false })
  return network.kind === 'none' ? network.problem : false
}

/** Starts a program that nothing else on the machine can connect to, and that connects to nothing else. */
export const forkInOwnNetwork = (script: string, args: readonly string[]): ChildProcess =>
  fork(script, args, {
    execPath: ownNetwork.command,
    execArgv: [...ownNetwork.args, process.execPath],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
