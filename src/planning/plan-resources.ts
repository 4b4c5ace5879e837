import { requiredFeatures } from '../spec/features.js'
import type { JobManifest, JobRequest } from '../spec/job.js'
import { type Needs, needsOf } from '../spec/needs.js'
import { type Note, Notes } from '../spec/notes.js'
import type { Resources } from '../spec/resources.js'

/** Says why no worker that is alive can run a job; null if one can, or if it is not known. */
export type WhyNobody = (needs: Needs) => Promise<string | null>

/** Adds what the request asks of the worker, in one canonical form, and what a worker must know to run the job. */
export function withResources<J extends JobManifest>(job: J, request: JobRequest): J {
  const { resources: _, ...rest } = job
  const bare = rest as J
  const resources = askedFor(request.resources)
  if (resources === null) return withRequires(bare)
  const notes = notesOn(resources)
  return withRequires({
    ...bare,
    resources,
    ...(notes.length > 0 && { notes: [...(job.notes ?? []), ...notes] }),
  })
}

function withRequires<J extends JobManifest>(job: J): J {
  const requires = requiredFeatures(job)
  return requires.length > 0 ? { ...job, requires } : job
}

/** Null for a request that asks for nothing, such as `{ gpus: 0 }`. */
function askedFor({ gpus, labels, ...others }: Resources = {}): Resources | null {
  const asked: Resources = {
    ...(gpus && { gpus }),
    ...others,
    ...(labels && labels.length > 0 && { labels: [...labels].sort() }),
  }
  return Object.keys(asked).length > 0 ? asked : null
}

function notesOn({ gpus = 0, devices = 1 }: Resources): Note[] {
  const notes = new Notes()
  if (gpus > Math.max(1, devices)) {
    const used = devices === 1 ? 'one of them' : `${devices} of them`
    const message = `the job has ${gpus} GPUs for itself, and trains on ${used}`
    notes.add('gpus_idle', message)
  }
  return notes.all
}

/** What a dry run says of a job that no worker can run now: a worker may come. */
export async function placementNotes(job: JobManifest, whyNobody: WhyNobody): Promise<Note[]> {
  const needs = needsOf(job)
  const reason = needs && (await whyNobody(needs))
  if (reason === null) return []
  const notes = new Notes()
  notes.add('no_worker_fits', `${reason}: the job would wait for one`)
  return notes.all
}
