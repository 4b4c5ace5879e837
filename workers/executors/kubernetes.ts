import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Engine,
  EngineRefusal,
  type EngineState,
  lastLines,
  maxLogLines,
  type Submission,
} from './engine.js'
import { type JsonAnswer, requestJson } from './json-request.js'
import {
  containerName,
  labels,
  networkPolicy,
  type PodTemplate,
  workload,
} from './kubernetes-objects.js'

export interface KubernetesOptions {
  /** Of the API server. */
  url: string
  /** The folder of a service account: `token`, `ca.crt`, `namespace`. */
  account: string
  /** The PodTemplate of the pods: image, volumes, secrets, where they may run. */
  template: string
  /** A LocalQueue of Kueue; null: the pods start as soon as they fit. */
  queue: string | null
}

interface Condition {
  type: string
  status: string
  reason?: string
  message?: string
}

interface Workload {
  metadata: { uid: string; deletionTimestamp?: string }
  spec: { suspend?: boolean }
  status?: { conditions?: Condition[]; ready?: number; replicatedJobsStatus?: { ready?: number }[] }
}

interface Pod {
  metadata: { name: string }
  status?: {
    phase?: string
    conditions?: Condition[]
    containerStatuses?: { state?: { waiting?: Condition } }[]
  }
}

/** Kinds of workloads, by their paths. A gang of several ranks is a JobSet. */
const kinds = {
  Job: ['batch/v1', 'jobs'],
  JobSet: ['jobset.x-k8s.io/v1alpha2', 'jobsets'],
} as const

/** Jobs and JobSets by the API of Kubernetes 1.29 and later, with the rights of a service account. */
export class Kubernetes implements Engine {
  readonly name = 'Kubernetes'
  readonly gangProblem = null

  constructor(private readonly options: KubernetesOptions) {}

  async submit(submission: Submission): Promise<void> {
    const { template, queue } = this.options
    const found = await this.request('GET', 'v1', `podtemplates/${template}`)
    if (found.status === 404)
      throw new EngineRefusal(
        `there is no PodTemplate '${template}' (TRAINYARD_KUBERNETES_TEMPLATE)`,
      )
    const pods = accepted(found).json as { template: PodTemplate }
    let made: ReturnType<typeof workload>
    try {
      made = workload(submission, pods.template, queue)
    } catch (error) {
      throw new EngineRefusal((error as Error).message)
    }
    const [group, plural] = kinds[made.kind as keyof typeof kinds]
    const answer = await this.request('POST', group, plural, made)
    // it was given before, and the answer did not arrive
    const exists = answer.status === 409
    if (answer.status === 404)
      throw new EngineRefusal(`the cluster knows no ${made.kind} (${group}): install it`)
    const { metadata } = (
      exists ? await this.find(submission.id) : accepted(answer).json
    ) as Workload
    if (submission.world === 1) return
    const owner = {
      apiVersion: made.apiVersion,
      kind: made.kind,
      name: submission.id,
      uid: metadata.uid,
    }
    const policy = networkPolicy(submission, owner)
    const allowed = await this.request('POST', 'networking.k8s.io/v1', 'networkpolicies', policy)
    if (allowed.status !== 409) accepted(allowed)
  }

  async state(id: string): Promise<EngineState> {
    const found = await this.find(id)
    if (found === null) return { kind: 'unknown' }
    const { spec, status = {}, metadata } = found
    const end = status.conditions?.find(
      ({ type, status }) => /^(Complete|Completed|Failed)$/.test(type) && status === 'True',
    )
    if (end) return { kind: 'ended', reason: describeCondition(end) }
    if (metadata.deletionTimestamp) return { kind: 'ended', reason: 'deleted' }
    if (spec.suspend) return { kind: 'waiting', reason: 'suspended, as in a queue of Kueue' }
    const ready = status.ready ?? status.replicatedJobsStatus?.[0]?.ready ?? 0
    return ready > 0 ? { kind: 'running' } : { kind: 'waiting', reason: await this.whyWaiting(id) }
  }

  async stop(id: string): Promise<void> {
    for (const [group, plural] of Object.values(kinds)) {
      // its pods and its policy go, too
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' }
      const answer = await this.request('DELETE', group, `${plural}/${id}`, body)
      if (answer.status !== 404) accepted(answer)
    }
  }

  async logs(id: string): Promise<string[]> {
    const pods = await this.pods(id)
    const lines: string[] = []
    for (const { metadata } of pods) {
      const path = `pods/${metadata.name}/log?container=${containerName}&tailLines=${maxLogLines}`
      const answer = await this.request('GET', 'v1', path)
      // a container that has not started has none
      if (answer.status === 200) lines.push(...lastLines(answer.text))
    }
    return lines.slice(-maxLogLines)
  }

  /** What the scheduler, or the node, says of a pod that does not run. */
  private async whyWaiting(id: string): Promise<string | null> {
    for (const { status } of await this.pods(id)) {
      const waiting = status?.containerStatuses?.find(({ state }) => state?.waiting)?.state?.waiting
      if (waiting?.reason) return describeCondition({ ...waiting, type: 'waiting' })
      const unscheduled = status?.conditions?.find(
        ({ type, status }) => type === 'PodScheduled' && status === 'False',
      )
      if (unscheduled) return describeCondition(unscheduled)
    }
    return null
  }

  private async pods(id: string): Promise<Pod[]> {
    const selector = encodeURIComponent(
      `trainyard.dev/attempt=${labels(id, '')['trainyard.dev/attempt']}`,
    )
    const answer = await this.request('GET', 'v1', `pods?labelSelector=${selector}`)
    return (accepted(answer).json as { items: Pod[] }).items
  }

  private async find(id: string): Promise<Workload | null> {
    for (const [group, plural] of Object.values(kinds)) {
      const answer = await this.request('GET', group, `${plural}/${id}`)
      if (answer.status !== 404) return accepted(answer).json as Workload
    }
    return null
  }

  private async request(
    method: string,
    group: string,
    path: string,
    body?: object,
  ): Promise<JsonAnswer> {
    const { url, account } = this.options
    // the kubelet replaces the token before it expires
    const [token, ca, namespace] = await Promise.all(
      ['token', 'ca.crt', 'namespace'].map(name => readFile(join(account, name), 'utf8')),
    )
    const api = group === 'v1' ? 'api' : 'apis'
    const place = `${url}/${api}/${group}/namespaces/${namespace!.trim()}/${path}`
    return requestJson(new URL(place), { method, body, token: token!.trim(), ca: ca! })
  }
}

/** Throws what Kubernetes says if it has not done what was asked. 429 and 5xx may pass. */
function accepted(answer: JsonAnswer): JsonAnswer {
  const { status, json, text } = answer
  if (status >= 200 && status < 300) return answer
  const said = (json as { message?: string } | undefined)?.message ?? text.slice(0, 300)
  const reason = `HTTP ${status}: ${said}`
  throw status >= 500 || status === 429 || status === 409
    ? new Error(reason)
    : new EngineRefusal(reason)
}

const describeCondition = ({ reason, message, type }: Condition) =>
  [reason ?? type, message].filter(Boolean).join(': ').slice(0, 300)
