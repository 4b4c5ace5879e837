import type { Ready } from '../subject-protocol.js'

export interface BoostingReady extends Ready {
  /** Of a process that has done its task once, as a job's process would. */
  singleRunPeakRssMb: number
}
