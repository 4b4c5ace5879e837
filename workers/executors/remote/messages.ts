// What a worker and the relay of a trainer on another machine tell each other.
import type { ProcessUsage } from '../../../src/processes.js'
import type { FromTrainer, ToTrainer } from '../../../src/spec/ipc-messages.js'
import type { RankEnd } from '../executor.js'

export type ToRelay =
  | { kind: 'message'; message: ToTrainer }
  | { kind: 'kill' }
  /** The worker knows of the end: the relay may go. */
  | { kind: 'bye' }

export type FromRelay =
  /** The first message. */
  | { kind: 'begun'; host: string; pid: number }
  | { kind: 'message'; message: FromTrainer }
  | { kind: 'line'; line: string }
  | { kind: 'stopped'; text: string }
  | { kind: 'end'; end: RankEnd }

/** What the trainer used at the time of a beat of its relay; `at` is the relay's clock. */
export type RelayBeat = ProcessUsage | null

/** Both sides tell the other so often that they are alive. A beat of the worker renews the trainer's lease. */
export const beatIntervalMs = 2000

/** The id of the link of a rank. */
export const linkId = ({ job, attempt, rank }: { job: string; attempt: number; rank: number }) =>
  `${job}.${attempt}.${rank}`

/** Keys of Redis. */
export const relayKeys = (prefix: string) => ({
  /** List of what relays send to a worker. */
  inbox: (worker: string) => `{${prefix}}:relays:${worker}`,
  /** List of what a worker sends to a relay. */
  outbox: (link: string) => `{${prefix}}:relay:${link}`,
  /** Which process is the relay of a rank: an engine may start a second one. */
  claim: (link: string) => `{${prefix}}:relay-claim:${link}`,
  /** Hash of what workers have given to engines and not taken back: `engine/id` to `worker`. */
  placed: `{${prefix}}:placed`,
})
