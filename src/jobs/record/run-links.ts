// `tensorboard/<name>-<id>` in the data folder: links to the folders of jobs, so that TensorBoard, which calls a
// run by the path of its folder, shows jobs by name. They can be made again at any time.
import { isDamaged, isMissing } from '../../errors.js'
import type { JobManifest } from '../../spec/job.js'
import type { Store } from '../../store/store.js'
import { jobPaths } from './job-paths.js'

const folder = 'tensorboard'
/** The user may keep other things in the folder. */
const idAtEnd = /-(job-[0-9a-z]+)$/

/** How TensorBoard calls a job. */
export const runName = ({ name, id }: Pick<JobManifest, 'name' | 'id'>) => `${name}-${id}`

/** Call when a job gets a name, or another one. */
export async function linkRun(store: Store, job: Pick<JobManifest, 'name' | 'id'>): Promise<void> {
  await unlinkRun(store, job.id, runName(job))
  await store.link(`${folder}/${runName(job)}`, jobPaths(job.id).root)
}

/** Removes all links of a job but `kept`. */
export async function unlinkRun(store: Store, id: string, kept?: string): Promise<void> {
  for (const name of await store.list(folder)) {
    if (name.endsWith(`-${id}`) && name !== kept) await store.remove(`${folder}/${name}`)
  }
}

/** Makes the links that are missing, such as after a restore, and removes those of jobs that are gone. */
export async function restoreRunLinks(
  store: Store,
  readJob: (id: string) => Promise<Pick<JobManifest, 'name' | 'id'>>,
): Promise<void> {
  // in this order: the link of a job that is made meanwhile is in neither list
  const links = await store.list(folder)
  const unlinked = new Set(await store.list('jobs'))
  for (const name of links) {
    const id = idAtEnd.exec(name)?.[1]
    if (id && !unlinked.delete(id)) await store.remove(`${folder}/${name}`)
  }
  for (const id of unlinked) {
    const job = await readJob(id).catch((error: unknown) => {
      if (isMissing(error) || isDamaged(error)) return null
      throw error
    })
    if (job) await store.link(`${folder}/${runName(job)}`, jobPaths(id).root)
  }
}
