import type { Client } from '../../src/client/client.js'
import type { ChaosDeployment } from '../deployment.js'
import type { LoopWatch } from './loop-watch.js'
import type { Tally } from './tally.js'
import type { World } from './world.js'

/** A server whose processes are killed and stopped, and what is asked of it meanwhile. */
export interface Faulty {
  deployment: ChaosDeployment
  grpcPort: number
  client: Client
  world: World
  /** A job that trains for as long as the faults last. */
  running: string
  watch: LoopWatch
  tally: Tally
}
