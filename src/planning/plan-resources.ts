import { knownFeatures, requiredFeatures } from '../spec/features.js'
import type { JobManifest } from '../spec/job.js'
import { type Needs, needsOf } from '../spec/needs.js'
import { type Note, Notes } from '../spec/notes.js'
import type { Resources } from '../spec/resources.js'

/** Says why no worker that is alive can run a job; null if one can, or if it is not known. */
export type WhyNobody = (needs: Needs) => Promise<string | null>

/** What is asked of the worker, in one canonical form, with what a worker must know to run the job, and the notes on both. */
export function withResources<J extends JobManifest>(job: J, asked: Resources | undefined): J {
  const { resources: _, notes: before = [], ...rest } = job
  const resources = askedFor(asked)
  const others = before.filter(({ code }) => code !== idleCode)
  const notes = resources === null ? others : [...others, ...notesOn(resources)]
  return withRequires({
    ...(rest as J),
    ...(resources && { resources }),
    ...((job.notes || notes.length > 0) && { notes }),
  })
}

function withRequires<J extends JobManifest>(job: J): J {
  const { requires: before = [], ...rest } = job
  // those of a newer version, which has planned the job
  const unknown = before.filter(name => !knownFeatures.includes(name))
  const requires = [...unknown, ...requiredFeatures(job)].sort()
  return { ...(rest as J), ...(requires.length > 0 && { requires }) }
}

/** Of a note that follows from the resources alone. */
const idleCode = 'gpus_idle'

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
    notes.add(idleCode, message)
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
