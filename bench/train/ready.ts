import type { PreparedSubject, Ready } from '../subject-protocol.js'

export interface TrainingReady extends Ready {
  /** Number of trainable parameters. */
  parameters: number
  /** Seconds that each part of the start took, by name. */
  start?: Readonly<Record<string, number>>
}

export interface PreparedTraining extends PreparedSubject {
  ready: TrainingReady
}
