import type { InitSourceLookup } from '../planning/init-source.js'
import type { Checkpoints } from './record/checkpoints.js'
import type { JobRecords } from './record/records.js'

/** Jobs as sources of initial weights. */
export const weightsOfJobs = (
  records: JobRecords,
  checkpoints: Checkpoints,
): Pick<InitSourceLookup, 'findJob' | 'checkpoints'> => ({
  findJob: id => records.manifest(id),
  async checkpoints(id) {
    const { attempts } = await records.read(id)
    return checkpoints.list(id, attempts)
  },
})
