/** Micro-batches of a batch. Jobs that are older than shards, and those without, have one. */
export const shardsOf = ({ shards = 1 }: { shards?: number }): number => shards

/** Micro-batches that a batch may have. */
export const maxShards = 64

const isPowerOfTwo = (count: number) => Number.isInteger(Math.log2(count))

/**
 * Whether so many devices, each with a micro-batch at a time, can add up shards in the one order that they have (the file
 * `sum-order.ts` of the trainer).
 */
export const fitsDevices = (shards: number, devices: number): boolean =>
  devices === shards || (isPowerOfTwo(devices) && shards % devices === 0)

/** The largest number of devices that can, of at most `most`. */
export function devicesFor(shards: number, most: number): number {
  let devices = Math.max(1, Math.min(shards, Math.floor(most)))
  while (!fitsDevices(shards, devices)) devices--
  return devices
}

/** What computes the micro-batches of a run: as many at once as there are devices of all workers. */
export interface Places {
  workers: number
  /** Of each worker. */
  devices: number
}

export const placesAtOnce = ({ workers, devices }: Places): number => workers * devices
