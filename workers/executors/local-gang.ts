import type { ToTrainer } from '../../src/spec/ipc-messages.js'
import type { RankListener, RankProcess } from './executor.js'
import { networkOf, ownNetwork, type Wrapper } from './gang-network.js'

interface PlannedRank {
  listener: RankListener
  launch(
    listener: RankListener,
    wrapper?: Wrapper,
  ): RankProcess & { readonly pid: number | undefined }
}

/**
 * Starts the ranks of a gang in a network of their own: rank 0 first, with which the network begins. The others join
 * it, and it ends with the last of them.
 */
export function placeInOwnNetwork([first, ...rest]: readonly PlannedRank[]): RankProcess[] {
  const { listener, launch } = first!
  const others = rest.map(({ listener, launch }) => new LaterRank(listener, launch))
  const leader = launch(
    {
      ...listener,
      onMessage: message => {
        // its network exists
        if (message.type === 'ready' && leader.pid !== undefined) {
          for (const other of others) other.begin(networkOf(leader.pid))
        }
        listener.onMessage(message)
      },
    },
    ownNetwork,
  )
  return [leader, ...others]
}

/** A rank that begins later than it is placed. What it is sent waits for it. */
class LaterRank implements RankProcess {
  private process: RankProcess | null = null
  private hasEnded = false
  private isLow = false
  private readonly pending: ToTrainer[] = []

  constructor(
    private readonly listener: RankListener,
    private readonly launch: PlannedRank['launch'],
  ) {}

  get isWaiting(): boolean {
    return this.process === null
  }

  begin(wrapper: Wrapper): void {
    if (this.process || this.hasEnded) return
    this.process = this.launch(this.listener, wrapper)
    if (this.isLow) this.process.lowerPriority()
    for (const message of this.pending) this.process.send(message)
  }

  send(message: ToTrainer): void {
    if (this.process) this.process.send(message)
    else this.pending.push(message)
  }

  kill(): void {
    this.process?.kill()
    if (this.process || this.hasEnded) return
    this.hasEnded = true
    queueMicrotask(() => this.listener.onEnd({ code: null, signal: 'SIGKILL', lost: null }))
  }

  usage() {
    return this.process?.usage() ?? null
  }

  lowerPriority(): void {
    this.isLow = true
    this.process?.lowerPriority()
  }
}
