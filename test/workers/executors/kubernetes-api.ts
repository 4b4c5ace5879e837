// A small server that behaves as the documentation of Kubernetes' API says: names are unique (409), answers are objects
// with a uid and a resourceVersion or a Status, deletion takes what the object owns along, a token is needed (401), and
// a role says what may be done (403). Its node runs the containers as processes of this machine. No kubelet can be had
// where the tests run.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Rule {
  apiGroups: string[]
  resources: string[]
  verbs: string[]
}

interface KubernetesObject {
  apiVersion: string
  kind: string
  metadata: {
    name: string
    uid: string
    resourceVersion: string
    labels?: Record<string, string>
    ownerReferences?: { uid: string }[]
  }
  spec: Record<string, unknown>
  status?: Record<string, unknown>
  // a PodTemplate has it beside its spec
  template?: unknown
}

interface EnvVar {
  name: string
  value?: string
  valueFrom?: { fieldRef: { fieldPath: string } }
}

interface PodSpec {
  containers: { name: string; command: string[]; args?: string[]; env: EnvVar[] }[]
}

const namespace = 'training'

export class KubernetesApi {
  token = 'token-1'
  /** Whether pods find a node. */
  isFull = false
  /** Every object that was made, as it came. */
  readonly made: KubernetesObject[] = []
  private readonly objects = new Map<string, KubernetesObject>()
  private readonly processes = new Map<string, { child: ChildProcess; output: string }>()
  private version = 0

  private constructor(
    private readonly server: Server,
    private readonly rules: readonly Rule[],
  ) {}

  static async start(rules: readonly Rule[]): Promise<KubernetesApi> {
    const server = createServer()
    const api = new KubernetesApi(server, rules)
    server.on('request', async (request, response) => {
      const [status, body] = await api
        .answer(request)
        .catch((error: Error) => [500, failure(500, 'InternalError', error.message)] as const)
      const isText = typeof body === 'string'
      response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json' })
      response.end(isText ? body : JSON.stringify(body))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return api
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  get children(): ChildProcess[] {
    return [...this.processes.values()].map(({ child }) => child)
  }

  names(plural: string): string[] {
    return this.all(plural).map(({ metadata }) => metadata.name)
  }

  find(plural: string, name: string): KubernetesObject | undefined {
    return this.all(plural).find(({ metadata }) => metadata.name === name)
  }

  /** Makes an object as its owner does, without the rights of the worker. */
  put(group: string, plural: string, object: object): void {
    const made = object as KubernetesObject
    this.objects.set(`${group}/${plural}/${made.metadata.name}`, this.stamped(made))
  }

  /** As Kueue does when there is quota. */
  admit(name: string): void {
    const job = this.find('jobs', name)!
    job.spec.suspend = false
    this.schedule(job)
  }

  async close(): Promise<void> {
    for (const child of this.children) child.kill('SIGKILL')
    this.server.closeAllConnections()
    await new Promise(resolve => this.server.close(resolve))
  }

  private async answer(request: IncomingMessage): Promise<readonly [number, object | string]> {
    if (request.headers.authorization !== `Bearer ${this.token}`)
      return [401, failure(401, 'Unauthorized', 'Unauthorized')]
    const { pathname, searchParams } = new URL(request.url!, this.url)
    const parts =
      /^\/(?:api|apis)\/(v1|[^/]+\/[^/]+)\/namespaces\/([^/]+)\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(
        pathname,
      )
    if (!parts || parts[2] !== namespace) return [404, failure(404, 'NotFound', 'not found')]
    const [, group, , plural, name, part] = parts as unknown as string[]
    const problem = this.forbidden(request.method!, group!, plural!, name, part)
    if (problem) return [403, failure(403, 'Forbidden', problem)]
    let text = ''
    for await (const chunk of request) text += chunk
    const key = `${group}/${plural}/${name}`
    const found = this.objects.get(key)
    const missing = [404, failure(404, 'NotFound', `${plural} "${name}" not found`)] as const
    if (request.method === 'POST') return this.create(group!, plural!, JSON.parse(text))
    if (request.method === 'DELETE') {
      if (!found) return missing
      this.remove(key, found)
      return [200, { kind: 'Status', status: 'Success' }]
    }
    if (part === 'log') return [200, this.processes.get(name!)?.output ?? '']
    if (name !== undefined) return found ? [200, found] : missing
    const [label, value] = (searchParams.get('labelSelector') ?? '').split('=')
    const items = this.all(plural!).filter(({ metadata }) => metadata.labels?.[label!] === value)
    return [200, { kind: 'List', metadata: { resourceVersion: String(this.version) }, items }]
  }

  private forbidden(method: string, group: string, plural: string, name?: string, part?: string) {
    const verb = { POST: 'create', DELETE: 'delete' }[method] ?? (name ? 'get' : 'list')
    const apiGroup = group === 'v1' ? '' : group.split('/')[0]!
    const resource = part ? `${plural}/${part}` : plural
    const isAllowed = this.rules.some(
      ({ apiGroups, resources, verbs }) =>
        apiGroups.includes(apiGroup) && resources.includes(resource) && verbs.includes(verb),
    )
    const what = `resource "${resource}" in API group "${apiGroup}" in the namespace "${namespace}"`
    return isAllowed ? null : `User cannot ${verb} ${what}`
  }

  private create(group: string, plural: string, object: KubernetesObject) {
    const key = `${group}/${plural}/${object.metadata.name}`
    if (this.objects.has(key)) {
      const message = `${plural} "${object.metadata.name}" already exists`
      return [409, failure(409, 'AlreadyExists', message)] as const
    }
    this.made.push(structuredClone(object))
    const made = this.stamped(object)
    this.objects.set(key, made)
    if (plural === 'jobs' && !made.spec.suspend) this.schedule(made)
    return [201, made] as const
  }

  private stamped(object: KubernetesObject): KubernetesObject {
    const resourceVersion = String(++this.version)
    const metadata = { ...object.metadata, uid: randomUUID(), resourceVersion }
    return { ...object, metadata }
  }

  private remove(key: string, { metadata }: KubernetesObject): void {
    this.objects.delete(key)
    this.processes.get(metadata.name)?.child.kill('SIGTERM')
    for (const [other, object] of this.objects)
      if (object.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid))
        this.remove(other, object)
  }

  private all(plural: string): KubernetesObject[] {
    return [...this.objects].flatMap(([key, object]) =>
      key.split('/').at(-2) === plural ? [object] : [],
    )
  }

  /** What the controller of Jobs, the scheduler and a kubelet do. */
  private schedule(job: KubernetesObject): void {
    const template = job.spec.template as { metadata: { labels: object }; spec: PodSpec }
    const name = `${job.metadata.name}-0`
    const pod = this.stamped({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...({ name, labels: template.metadata.labels } as KubernetesObject['metadata']),
        ownerReferences: [{ uid: job.metadata.uid }],
      },
      spec: template.spec as never,
    })
    this.objects.set(`v1/pods/${name}`, pod)
    if (this.isFull) {
      const message = '0/2 nodes are available: 2 Insufficient cpu.'
      const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }
      pod.status = { phase: 'Pending', conditions: [condition] }
      job.status = { active: 1, ready: 0 }
      return
    }
    job.status = { active: 1, ready: 1 }
    const [container] = template.spec.containers
    const [program, ...args] = [...container!.command, ...(container!.args ?? [])]
    const child = spawn(program!, args, {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...variables(container!.env) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const running = { child, output: '' }
    this.processes.set(name, running)
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', data => {
        running.output += data
      })
    child.on('close', code => {
      const condition =
        code === 0
          ? {
              type: 'Complete',
              status: 'True',
              reason: 'CompletionsReached',
              message: 'Reached expected number of succeeded pods',
            }
          : {
              type: 'Failed',
              status: 'True',
              reason: 'BackoffLimitExceeded',
              message: 'Job has reached the specified backoff limit',
            }
      job.status = { ready: 0, conditions: [condition] }
    })
  }
}

/** As a kubelet fills them in for the pod of index 0. */
function variables(all: readonly EnvVar[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const { name, value, valueFrom } of all) {
    if (valueFrom) {
      const expected = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
      if (valueFrom.fieldRef.fieldPath !== expected) throw new Error(valueFrom.fieldRef.fieldPath)
      found[name] = '0'
    } else found[name] = value!.replaceAll(/\$\((\w+)\)/g, (text, other) => found[other] ?? text)
  }
  return found
}

const failure = (code: number, reason: string, message: string) => ({
  ...{ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code },
  message,
})
