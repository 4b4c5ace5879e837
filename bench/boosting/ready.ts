import type { Ready } from '../subject-protocol.js'

export interface BoostingReady extends Ready {
  /** Peak memory in MiB after the task ran once, as in a job's process. */
  singleRunPeakRssMb: number
}
