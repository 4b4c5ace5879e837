// The objects that a gang is in Kubernetes: a Job for one process; a JobSet, whose pods find each other by name, and a
// NetworkPolicy for several.
import type { Submission } from './engine.js'

/** Labels of what belongs to us. */
export const labels = (id: string, job: string) => ({
  'app.kubernetes.io/name': 'trainyard',
  'app.kubernetes.io/component': 'rank',
  'trainyard.dev/job': job,
  'trainyard.dev/attempt': id,
})

/** Kueue starts what has this label and is suspended. */
const queueLabel = 'kueue.x-k8s.io/queue-name'
/** How long ended pods can be looked at. */
const keepSeconds = 3600
/** The trainer saves a checkpoint meanwhile. */
const graceSeconds = 60
/** The container that trains. */
export const containerName = 'rank'
/** The part of a JobSet that has the ranks. */
const groupName = 'rank'

interface Container {
  name: string
  env?: unknown[]
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> }
  [field: string]: unknown
}

export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; [field: string]: unknown }
  spec: {
    containers: Container[]
    terminationGracePeriodSeconds?: number
    [field: string]: unknown
  }
}

/** A Job, or a JobSet for several ranks. Kubernetes retries nothing: an attempt that ends is followed by ours. */
export function workload(submission: Submission, template: PodTemplate, queue: string | null) {
  const { id, job, world } = submission
  const metadata = {
    name: id,
    labels: { ...labels(id, job), ...(queue !== null && { [queueLabel]: queue }) },
  }
  const pods = podTemplate(submission, template)
  const jobSpec = {
    ...{ parallelism: world, completions: world, completionMode: 'Indexed', backoffLimit: 0 },
    template: pods,
  }
  const suspend = queue !== null
  const ttlSecondsAfterFinished = keepSeconds
  if (world === 1) {
    const spec = { ...jobSpec, suspend, ttlSecondsAfterFinished }
    return { apiVersion: 'batch/v1', kind: 'Job', metadata, spec }
  }
  return {
    apiVersion: 'jobset.x-k8s.io/v1alpha2',
    kind: 'JobSet',
    metadata,
    spec: {
      ...{ suspend, ttlSecondsAfterFinished },
      network: { enableDNSHostnames: true, subdomain: id, publishNotReadyAddresses: true },
      failurePolicy: { maxRestarts: 0 },
      replicatedJobs: [{ name: groupName, replicas: 1, template: { spec: jobSpec } }],
    },
  }
}

/** Lets the ranks of one attempt speak with each other; what else may reach them the namespace's policies say. */
export const networkPolicy = ({ id, job }: Submission, owner: object) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: id, labels: labels(id, job), ownerReferences: [owner] },
  spec: {
    podSelector: { matchLabels: { 'trainyard.dev/attempt': id } },
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ podSelector: { matchLabels: { 'trainyard.dev/attempt': id } } }] }],
  },
})

function podTemplate(submission: Submission, template: PodTemplate): PodTemplate {
  const { id, job } = submission
  const { containers } = template.spec
  const container = containers.find(({ name }) => name === containerName)
  if (!container) {
    const names = containers.map(({ name }) => name).join(', ')
    throw new Error(`the PodTemplate has no container '${containerName}', but ${names}`)
  }
  const ours = {
    ...container,
    env: [...(container.env ?? []), ...variables(submission)],
    resources: resources(submission, container),
  }
  return {
    metadata: {
      ...template.metadata,
      labels: { ...template.metadata?.labels, ...labels(id, job) },
    },
    spec: {
      terminationGracePeriodSeconds: graceSeconds,
      ...template.spec,
      restartPolicy: 'Never',
      containers: containers.map(each => (each === container ? ours : each)),
    },
  }
}

function variables({ id, world, environment }: Submission): object[] {
  const index = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
  const host = (rank: string) => `${id}-${groupName}-0-${rank}.${id}`
  return [
    ...Object.entries(environment).map(([name, value]) => ({ name, value })),
    { name: 'TRAINYARD_RANK', valueFrom: { fieldRef: { fieldPath: index } } },
    ...(world === 1
      ? []
      : [
          // the policy of the attempt lets nobody else reach them
          { name: 'TRAINYARD_GANG_NETWORK', value: 'private' },
          // a JobSet names its pods so
          { name: 'TRAINYARD_RANK_HOST', value: host('$(TRAINYARD_RANK)') },
          { name: 'TRAINYARD_LEADER', value: host('0') },
        ]),
  ]
}

/** Requests are limits, so that a pod is not ended for the memory of its neighbours. GPUs have limits alone. */
function resources({ cpus, gpus, memoryBytes }: Submission, { resources: own }: Container) {
  const memory = memoryBytes === null ? {} : { memory: String(memoryBytes) }
  return {
    ...own,
    requests: { ...own?.requests, cpu: String(cpus), ...memory },
    limits: { ...own?.limits, ...memory, ...(gpus > 0 && { 'nvidia.com/gpu': String(gpus) }) },
  }
}
