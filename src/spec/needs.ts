import type { features } from './features.js'
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
export type Offer = Pick<
  Worker,
  'version' | 'slots' | 'memory' | 'labels' | 'features' | 'engineGpus' | 'gangProblem'
>

/** How many GPUs one job may have for itself: those of the worker, or of the machines where an engine runs the job. */
export const gpusOf = ({ slots, engineGpus = 0 }: Pick<Offer, 'slots' | 'engineGpus'>): number =>
  Math.max(engineGpus, new Set(slots.flatMap(({ gpu }) => (gpu === null ? [] : [gpu]))).size)

/** What a worker lacks to run jobs with these needs, in words; empty if it may run them. */
export function lacks(needs: Needs, worker: Offer): string[] {
  const gpus = gpusOf(worker)
  const memory = worker.memory.limitBytes ?? worker.memory.totalBytes ?? null
  const unknown = needs.features.filter(feature => !worker.features?.includes(feature))
  const labels = needs.labels.filter(label => !worker.labels?.includes(label))
  const { gangProblem } = worker
  return [
    ...(unknown.length > 0 ? [`version ${worker.version} does not know ${listed(unknown)}`] : []),
    ...(gpus < needs.gpus ? [gpus === 0 ? 'no GPU' : `${gpus} of ${countOf(needs.gpus)}`] : []),
    ...(memory !== null && memory < needs.memoryBytes
      ? [`${formatGiB(memory)} of ${formatGiB(needs.memoryBytes)} of memory`]
      : []),
    ...(labels.length > 0 ? [`no label ${listed(labels)}`] : []),
    ...(needs.features.includes(gang) && gangProblem ? [gangProblem] : []),
  ]
}

/** The feature that jobs of several processes need. */
const gang: keyof typeof features = 'workers'

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
  const hostsByReason = new Map<string, string[]>()
  for (const { host, reasons: all } of reasons.slice(0, maxNamedWorkers)) {
    const reason = all.join(', ')
    hostsByReason.set(reason, [...(hostsByReason.get(reason) ?? []), host])
  }
  const named = [...hostsByReason].map(([reason, hosts]) => `${hosts.join(', ')}: ${reason}`)
  const more = Math.max(0, reasons.length - maxNamedWorkers)
  const each = [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
  return `no worker has ${describeNeeds(needs)}${each === '' ? '' : ` (${each})`}`
}

export function describeNeeds({ features, gpus, labels, memoryBytes }: Needs): string {
  // the others say what a job with resources needs
  const options = features.filter(feature => feature !== 'resources' && feature !== gang)
  const parts = [
    ...(gpus > 0 ? [countOf(gpus)] : []),
    ...(memoryBytes > 0 ? [`${formatGiB(memoryBytes)} of memory`] : []),
    ...(labels.length > 0 ? [`the label ${listed(labels)}`] : []),
    ...(features.includes(gang) ? ['a network for several processes of one job'] : []),
    ...(options.length > 0 ? [`a version that knows ${listed(options)}`] : []),
  ]
  return parts.length > 0 ? parts.join(' and ') : `a version that knows ${listed(features)}`
}

const listed = (names: readonly string[]) => names.join(' and ')
const countOf = (gpus: number) => (gpus === 1 ? '1 GPU' : `${gpus} GPUs`)
const formatGiB = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`
