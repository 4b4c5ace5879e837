// The seam between a worker and what runs its trainers. An executor starts the processes of an attempt and passes
// their messages on; it knows no engine of training. A trainer reads its place from its environment
// (src/placement.ts) and knows no executor.
import type { ProcessUsage } from '../../src/processes.js'
import type { FromTrainer, ToTrainer } from '../../src/spec/ipc-messages.js'

/** The processes of one attempt. */
export interface Gang {
  job: string
  /** The number of the attempt, which the store has fenced. */
  attempt: number
  /** How many processes (ranks) train it together. */
  world: number
  /** Devices of each rank. */
  devices: number
  /** GPUs that each rank asks an engine for; absent or 0 leaves it to the settings of the worker. */
  gpus?: number
  /** Threads of TensorFlow that earlier attempts of the job had; absent or null leaves them to the slot. */
  threads?: number | null
}

/** What a slot of the worker gives a trainer. */
export interface SlotResources {
  environment: NodeJS.ProcessEnv
  /** Index of the GPU that the environment assigns; null without one. */
  gpu: number | null
  /** GPUs that each process of a job may ask for on the machines of an engine; absent without one. */
  engineGpus?: number
}

/** How a rank ended. */
export interface RankEnd {
  /** Both null if it could not be started, or was lost. */
  code: number | null
  signal: NodeJS.Signals | null
  /** Why it counts as ended although nobody saw its end, such as a node that is gone; null if its end was seen. */
  lost: string | null
}

/** What an executor tells of a rank, never before it has returned the rank. */
export interface RankListener {
  onMessage(message: FromTrainer): void
  /** A line that it printed, or that its executor says of it. */
  onLine(line: string): void
  /** Its executor kills it, since it was stopped (SIGSTOP). `text` completes "the trainer was …". */
  onStopped(text: string): void
  /** Called once, after everything else. */
  onEnd(end: RankEnd): void
}

/** One rank of an attempt. Everything but sending is heard by its listener. */
export interface RankProcess {
  /** Whether it has not begun yet, such as in the queue of a cluster: then its silence means nothing. */
  readonly isWaiting: boolean
  /** Messages arrive once and in order, or the rank ends. */
  send(message: ToTrainer): void
  /** Ends it without ado (SIGKILL), also if it has not begun. */
  kill(): void
  /** What it has used so far; null if that is not known at the moment. */
  usage(): ProcessUsage | null
  /** Lets the API and Redis go first, where they share a machine with it. */
  lowerPriority(): void
}

export interface Executor {
  readonly name: string
  /** Why it runs no gang of several ranks; null if it does. */
  readonly gangProblem: string | null
  /** Starts the ranks of an attempt. `listeners` has one for each, by rank; so has the result. */
  place(gang: Gang, slot: SlotResources, listeners: readonly RankListener[]): RankProcess[]
  /** Starts a trainer that waits for a job with its engine loaded; null if nothing may wait there for free. */
  readonly spare: ((slot: SlotResources, listener: RankListener) => RankProcess) | null
  /** Stops what runs for nobody. */
  close(): Promise<void>
}
