import type { JobManifest } from './job.js'
import type { Worker } from './worker.js'

/** What a worker must have to run a job, in one canonical form: jobs with equal needs share a queue. */
export interface Needs {
  /** Names of options that it must know (`features.ts`), perhaps of a newer version. */
  features: string[]
  gpus: number
  labels: string[]
  memoryBytes: number
}

/** Null if any worker may run the job. */
export function needsOf({
  resources,
  requires = [],
}: Pick<JobManifest, 'resources' | 'requires'>): Needs | null {
  const { gpus = 0, labels = [], memoryBytes = 0 } = resources ?? {}
  if (gpus === 0 && labels.length === 0 && memoryBytes === 0 && requires.length === 0) return null
  return { features: [...requires].sort(), gpus, labels: [...labels].sort(), memoryBytes }
}

/** What of a worker decides which jobs it may run. */
export type Offer = Pick<Worker, 'version' | 'slots' | 'memory' | 'labels' | 'features'>

export const gpusOf = ({ slots }: Pick<Offer, 'slots'>): number =>
  new Set(slots.flatMap(({ gpu }) => (gpu === null ? [] : [gpu]))).size

/** What a worker lacks to run jobs with these needs, in words; empty if it may run them. */
export function lacks(needs: Needs, worker: Offer): string[] {
  const gpus = gpusOf(worker)
  const memory = worker.memory.limitBytes ?? worker.memory.totalBytes ?? null
  const unknown = needs.features.filter(feature => !worker.features?.includes(feature))
  const labels = needs.labels.filter(label => !worker.labels?.includes(label))
  return [
    ...(unknown.length > 0 ? [`version ${worker.version} does not know ${listed(unknown)}`] : []),
    ...(gpus < needs.gpus ? [gpus === 0 ? 'no GPU' : `${gpus} of ${countOf(needs.gpus)}`] : []),
    ...(memory !== null && memory < needs.memoryBytes
      ? [`${formatGiB(memory)} of ${formatGiB(needs.memoryBytes)} of memory`]
      : []),
    ...(labels.length > 0 ? [`no label ${listed(labels)}`] : []),
  ]
}

const maxNamedWorkers = 5

/**
 * Why no worker can run a job with these needs now, by worker; null if one can. A worker that takes no more jobs
 * cannot.
 */
export function whyNobody(needs: Needs, workers: readonly Worker[]): string | null {
  const reasons = workers.map(worker => ({
    host: worker.host,
    reasons: [...lacks(needs, worker), ...(worker.draining ? ['takes no more jobs'] : [])],
  }))
  if (reasons.some(({ reasons }) => reasons.length === 0)) return null
  const named = reasons
    .slice(0, maxNamedWorkers)
    .map(({ host, reasons }) => `${host}: ${reasons.join(', ')}`)
  const more = reasons.length - named.length
  const each = [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
  return `no worker has ${describeNeeds(needs)}${each === '' ? '' : ` (${each})`}`
}

export function describeNeeds({ features, gpus, labels, memoryBytes }: Needs): string {
  // the others say what a job with resources needs
  const options = features.filter(feature => feature !== 'resources')
  const parts = [
    ...(gpus > 0 ? [countOf(gpus)] : []),
    ...(memoryBytes > 0 ? [`${formatGiB(memoryBytes)} of memory`] : []),
    ...(labels.length > 0 ? [`the label ${listed(labels)}`] : []),
    ...(options.length > 0 ? [`a version that knows ${listed(options)}`] : []),
  ]
  return parts.length > 0 ? parts.join(' and ') : `a version that knows ${listed(features)}`
}

const listed = (names: readonly string[]) => names.join(' and ')
const countOf = (gpus: number) => (gpus === 1 ? '1 GPU' : `${gpus} GPUs`)
const formatGiB = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`
