import type { Checkpoints } from './record/checkpoints.js'
import type { JobRecords } from './record/records.js'

/** Jobs and their checkpoints, for predictions by them. */
export const checkpointSourceOf = (records: JobRecords, checkpoints: Checkpoints) => ({
  manifest: (id: string) => records.manifest(id),
  /** Oldest first. */
  checkpoints: async (id: string) => checkpoints.list(id, (await records.read(id)).attempts),
  /** Its folder, whose files are intact. Throws CHECKPOINT_NOT_FOUND or a DamagedError. */
  folder: async (id: string, step: number) => {
    const { folder } = await checkpoints.get(await records.read(id), step)
    await checkpoints.assertIntact(id, step)
    return folder
  },
})
