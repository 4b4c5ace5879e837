import type { PreparedSubject, Ready } from '../subject-protocol.js'

export interface TrainingReady extends Ready {
  /** How many numbers training adjusts. */
  parameters: number
  /** Seconds of a part of the start, by its name. */
  start?: Readonly<Record<string, number>>
}

export interface PreparedTraining extends PreparedSubject {
  ready: TrainingReady
}
