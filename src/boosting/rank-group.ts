import { RankLost } from '../errors.js'
import { type Handle, outParam, stringAt, xgboost } from './capi.js'
import { NativeHandle } from './native-handle.js'

/**
 * How long a rank waits for the others in one operation. A rank that dies is noticed at once and the worker ends
 * the others, so this is the last resort; rank 0 may write a large checkpoint meanwhile.
 */
const timeoutSeconds = 900
/**
 * The tracker listens before its address is known to the ranks. A rank whose tracker has died tries again before it
 * ends, two seconds longer each time.
 */
const connectRetries = 1

interface Address {
  host: string
  port: number
}

/** XGBoost's tracker, which introduces the ranks to each other. It runs in threads of its own. */
export class Tracker extends NativeHandle {
  private constructor(handle: Handle) {
    super(handle, h => xgboost().XGTrackerFree(h))
  }

  /** Listens at `host` alone; with port 0, at a free one. */
  static start({ host, port }: Address, world: number): Tracker {
    const out = outParam()
    // sortby 1: ranks in the order of their task ids, on whatever hosts they are
    const config = { dmlc_communicator: 'rabit', n_workers: world, host, port, sortby: 1 }
    xgboost().XGTrackerCreate(JSON.stringify({ ...config, timeout: timeoutSeconds }), out)
    const tracker = new Tracker(out[0]!)
    xgboost().XGTrackerRun(tracker.handle, '{}')
    return tracker
  }

  /** Where the ranks find it. */
  get address(): Address {
    const out = outParam()
    xgboost().XGTrackerWorkerArgs(this.handle, out)
    const { dmlc_tracker_uri: host, dmlc_tracker_port: port } = JSON.parse(stringAt(out))
    return { host, port }
  }

  /** Resolves when all ranks have left. */
  ended(): Promise<void> {
    return xgboost().trackerEnd(this.handle, JSON.stringify({ timeout: timeoutSeconds }))
  }
}

/**
 * The ranks that train one model together. XGBoost's calls for matrices, rounds and metrics are calls of all ranks
 * between `join` and `leave`: each waits for the others. A rank whose peer is gone gets a `RankLost`.
 */
export class RankGroup {
  private joined = true

  private constructor(
    readonly rank: number,
    readonly world: number,
    /** Of rank 0. */
    private readonly tracker: Tracker | null,
  ) {}

  /** Waits for all ranks, and blocks the thread meanwhile. `tracker`: of rank 0, which runs it. */
  static join(
    { rank, world, address }: { rank: number; world: number; address: Address },
    tracker: Tracker | null,
  ): RankGroup {
    const api = xgboost()
    const config = {
      dmlc_communicator: 'rabit',
      dmlc_tracker_uri: address.host,
      dmlc_tracker_port: address.port,
      // XGBoost sorts the ranks by these texts
      dmlc_task_id: String(rank).padStart(6, '0'),
      dmlc_timeout: timeoutSeconds,
      dmlc_retry: connectRetries,
    }
    api.XGCommunicatorInit(JSON.stringify(config))
    const [givenRank, givenWorld] = [api.XGCommunicatorGetRank(), api.XGCommunicatorGetWorldSize()]
    if (givenRank === rank && givenWorld === world) return new RankGroup(rank, world, tracker)
    throw new RankLost(
      `XGBoost made rank ${rank} of ${world} rank ${givenRank} of ${givenWorld}: is another job at ${address.host}:${address.port}?`,
    )
  }

  get leads(): boolean {
    return this.rank === 0
  }

  /** What rank 0 says, a number from 0 to 255. */
  agree(value: number): number {
    const buffer = new Uint8Array([value])
    xgboost().XGCommunicatorBroadcast(buffer, buffer.length, 0)
    return buffer[0]!
  }

  /** After this, XGBoost's calls are of this process alone. On rank 0, it waits until all have left. */
  async leave(): Promise<void> {
    if (!this.joined) return
    this.joined = false
    xgboost().XGCommunicatorFinalize()
    if (!this.tracker) return
    await this.tracker.ended()
    this.tracker.free()
  }

  /** This rank cannot go on: ends the others that run on other hosts. */
  signalError(): void {
    if (this.joined) xgboost().XGCommunicatorSignalError()
  }
}
