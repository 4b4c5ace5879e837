import { totalmem } from 'node:os'

/** The memory that the processes of this machine or container may use. */
export function machineMemory(): number {
  // without a limit of the container, this is 0, undefined or beyond the machine's memory
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY
  return Math.min(constrained, totalmem())
}
