import { type ChildProcess, fork } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { createInterface } from 'node:readline'
import { killIfStopped, maxStoppedMs } from '../../src/ipc/stopped-child.js'
import { type Placement, placementEnvironment } from '../../src/placement.js'
import { ownProcessId, usageOf } from '../../src/processes.js'
import type { FromTrainer, ToTrainer } from '../../src/spec/ipc-messages.js'
import type { Executor, Gang, RankListener, RankProcess, SlotResources } from './executor.js'
import type { GangNetwork, Wrapper } from './gang-network.js'
import { placeInOwnNetwork } from './local-gang.js'

const host = '127.0.0.1'

export interface GangOptions {
  /** Where the ranks of a gang reach each other. */
  findNetwork(): GangNetwork
  /** The environment of one of `world` trainers that share a slot. */
  shareOfSlot(
    environment: NodeJS.ProcessEnv,
    place: { rank: number; world: number },
  ): NodeJS.ProcessEnv
}

const noGangs: GangOptions = {
  findNetwork: () => ({ kind: 'none', problem: 'gangs are not set up here' }),
  shareOfSlot: environment => environment,
}

/** Trainers are children of the worker, and speak with it by Node's IPC. */
export class LocalExecutor implements Executor {
  readonly name = 'local'

  /** `script`: the trainer's. */
  constructor(
    private readonly script: string,
    private readonly gangs: GangOptions = noGangs,
  ) {}

  /** The system is asked once. */
  get gangProblem(): string | null {
    const network = this.gangs.findNetwork()
    return network.kind === 'none' ? network.problem : null
  }

  place(
    { attempt, world, devices }: Gang,
    { environment }: SlotResources,
    listeners: readonly RankListener[],
  ): RankProcess[] {
    const ranks = listeners.map((listener, rank) => {
      const place: Placement = { attempt, rank, world, devices, host, leader: host }
      const own = world === 1 ? environment : this.gangs.shareOfSlot(environment, { rank, world })
      const ofRank = { ...own, ...placementEnvironment(place) }
      const launch = (heard: RankListener, wrapper?: Wrapper) =>
        new ForkedTrainer(this.script, ofRank, heard, wrapper)
      return { listener, launch }
    })
    return world > 1 && this.gangs.findNetwork().kind === 'namespace'
      ? placeInOwnNetwork(ranks)
      : ranks.map(({ listener, launch }) => launch(listener))
  }

  readonly spare = ({ environment }: SlotResources, listener: RankListener): RankProcess =>
    new ForkedTrainer(this.script, environment, listener)

  async close(): Promise<void> {}
}

/** A trainer that this process has forked: a worker, or the relay of a worker elsewhere. */
export class ForkedTrainer implements RankProcess {
  readonly isWaiting = false
  private readonly child: ChildProcess

  /** `wrapper`: a command that prepares its surroundings and then becomes the trainer. */
  constructor(
    script: string,
    environment: NodeJS.ProcessEnv,
    listener: RankListener,
    wrapper?: Wrapper,
  ) {
    // orphan-recovery.ts finds a dead worker's trainers by this argument
    this.child = fork(script, [ownProcessId], {
      ...(wrapper && {
        execPath: wrapper.command,
        execArgv: [...wrapper.args, process.execPath, ...process.execArgv],
      }),
      env: environment,
      serialization: 'advanced',
      // its own process group: Ctrl-C reaches the supervisor alone, which stops all in order
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    killIfStopped(this.child, () =>
      listener.onStopped(`stopped (SIGSTOP) for ${maxStoppedMs / 1000} s`),
    )
    this.child.on('message', (message: FromTrainer) => listener.onMessage(message))
    for (const output of [this.child.stdout, this.child.stderr]) {
      if (output) createInterface(output).on('line', line => listener.onLine(line))
    }
    let hasEnded = false
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      if (hasEnded) return
      hasEnded = true
      listener.onEnd({ code, signal, lost: null })
    }
    this.child.on('error', error => {
      if (hasEnded) return
      listener.onLine(error.message)
      // a message that could not be sent ends nothing
      if (this.child.pid === undefined) end(null, null)
    })
    this.child.on('close', end)
  }

  /** Undefined if it could not be started. */
  get pid(): number | undefined {
    return this.child.pid
  }

  send(message: ToTrainer): void {
    // a send fails if the child is exiting, which its end reports
    if (this.child.connected) this.child.send(message, () => {})
  }

  kill(): void {
    this.child.kill('SIGKILL')
  }

  usage() {
    return this.child.pid === undefined ? null : usageOf(this.child.pid)
  }

  /** Training uses all the cores it can. */
  lowerPriority(): void {
    if (this.child.pid === undefined) return
    try {
      setPriority(this.child.pid, constants.priority.PRIORITY_BELOW_NORMAL)
    } catch {
      // the process has already ended, or the system forbids it: train at normal priority
    }
  }
}
