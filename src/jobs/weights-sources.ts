import { join } from 'node:path'
import type { InitSourceLookup } from '../planning/init-source.js'
import type { WeightsTensor } from '../spec/weights.js'
import type { Checkpoints } from './record/checkpoints.js'
import type { JobRecords } from './record/records.js'

/** Reads the index of a checkpoint with this file prefix; null if it cannot be read. */
export type ReadTensors = (prefix: string) => Promise<WeightsTensor[] | null>

/** Jobs as sources of initial weights. */
export const weightsOfJobs = (
  records: JobRecords,
  checkpoints: Checkpoints,
  readTensors: ReadTensors,
): Pick<InitSourceLookup, 'findJob' | 'checkpoints' | 'checkpointTensors'> => ({
  findJob: id => records.manifest(id),
  async checkpoints(id) {
    const { attempts } = await records.read(id)
    return checkpoints.list(id, attempts)
  },
  async checkpointTensors(id, step) {
    const { folder, checkpoint } = await checkpoints.get(await records.read(id), step)
    return readTensors(join(folder, checkpoint.prefix ?? ''))
  },
})
