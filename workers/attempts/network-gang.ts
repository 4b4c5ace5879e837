// The ranks of a network job. Each runs TensorFlow's own server; rank 0 opens its session there, and TensorFlow carries
// the edges of its graph between them. The other ranks compute what they are sent, and know nothing of the job.
import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadTrainingOps } from '../../src/engine/native-ops.js'
import { startTensorFlowServer } from '../../src/engine/tensorflow-server.js'
import { RankLost } from '../../src/errors.js'
import { serverDef } from '../../src/graph/server-def.js'
import { type SessionOptions, sessionConfig } from '../../src/graph/session-config.js'
import type { Placement } from '../../src/placement.js'
import type { FromTrainer } from '../../src/spec/ipc-messages.js'

/** How the trainers of a network job find each other. */
export interface NetworkGangDeps {
  placement: Placement
  /** Whether the operator says that nobody else reaches the network of this process. */
  isPrivate: boolean
  /** Waits until each rank has said something, and returns what they said, by rank. */
  gather(value: string): Promise<string[]>
}

/** What a rank tells the others of itself. */
interface RankFacts {
  /** Where its server listens, as `host:port`. */
  address: string
  /** How many devices it has, at most as many as the job asks for. */
  devices: number
  /** Whether it has Trainyard's own ops for training. */
  hasOps: boolean
}

/** A rank that computes for rank 0 says so this often, since it sends nothing else and may have little to do. */
const reportIntervalMs = 60_000
const leaseCheckMs = 1000

/** TensorFlow's servers of an attempt, all of which listen. */
export class Cluster {
  private constructor(
    /** For sessions: the server of this process. */
    readonly target: string,
    private readonly ranks: readonly RankFacts[],
    private readonly gang: NetworkGangDeps,
  ) {}

  /**
   * Starts the server of this rank, when all have said where theirs will be, and waits for the others'. `options`: of the
   * sessions that run on it.
   */
  static async join(
    gang: NetworkGangDeps,
    devices: number,
    options: SessionOptions,
  ): Promise<Cluster> {
    const { rank, host } = gang.placement
    // an op must be there before a server is asked for it
    const hasOps = loadTrainingOps()
    const reserved = await reservePort()
    const address = `${host}:${reserved.port}`
    const said = await gang.gather(JSON.stringify({ address, devices, hasOps } satisfies RankFacts))
    const ranks = said.map(text => JSON.parse(text) as RankFacts)
    await reserved.release()
    const addresses = ranks.map(({ address }) => address)
    const definition = serverDef({ addresses, task: rank, config: sessionConfig(options) })
    const target = startTensorFlowServer(definition, gang.isPrivate)
    // a session waits for all servers, and blocks the thread meanwhile
    await gang.gather('')
    return new Cluster(target, ranks, gang)
  }

  get workers(): number {
    return this.ranks.length
  }

  /** As many as each rank has. */
  get devices(): number {
    return Math.min(...this.ranks.map(({ devices }) => devices))
  }

  get hasOps(): boolean {
    return this.ranks.every(({ hasOps }) => hasOps)
  }

  /** Lets the other ranks end: this one has no session any more. */
  async release(): Promise<void> {
    await this.gang.gather('')
  }

  /**
   * Of a rank beside rank 0: computes what it is sent, in threads of TensorFlow, until rank 0 releases it.
   * `checkLease` ends the process if its worker is gone.
   */
  async serve(
    checkLease: () => Promise<unknown>,
    send: (message: FromTrainer) => Promise<void>,
  ): Promise<void> {
    let isReleased = false
    void this.release().then(() => {
      isReleased = true
    })
    let reportedAt = performance.now()
    while (!isReleased) {
      await sleep(leaseCheckMs)
      await checkLease()
      if (performance.now() - reportedAt < reportIntervalMs) continue
      reportedAt = performance.now()
      await send({ type: 'serving' })
    }
  }

  /** Runs what uses a session. An error that follows from the end of another rank becomes a `RankLost`. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const lost = await this.findLost()
      if (lost === null) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new RankLost(`rank ${lost} does not answer: ${reason}`, { cause: error })
    }
  }

  /** The first rank whose server does not listen any more; null if all do. */
  private async findLost(): Promise<number | null> {
    const others = [...this.ranks.entries()].slice(1)
    const found = await Promise.all(
      others.map(async ([rank, { address }]) => ((await listens(address)) ? null : rank)),
    )
    return found.find(rank => rank !== null) ?? null
  }
}

interface ReservedPort {
  port: number
  release(): Promise<void>
}

/** A free port, which no other rank of this machine finds free until it is released. */
async function reservePort(): Promise<ReservedPort> {
  const server: Server = createServer(socket => socket.destroy())
  server.listen(0)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    port,
    release: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

const connectTimeoutMs = 3000

function listens(address: string): Promise<boolean> {
  const [, host, port] = /^(.*):(\d+)$/.exec(address)!
  return new Promise(resolve => {
    const socket = connect({ host: host!, port: Number(port), timeout: connectTimeoutMs })
    const end = (found: boolean) => {
      socket.destroy()
      resolve(found)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
    socket.once('timeout', () => end(false))
  })
}
