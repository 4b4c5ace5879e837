import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { readConfig } from '../../src/config.js'
import { settingNames } from '../../src/setting-names.js'
import { needsKubernetesSchemas, problemsOf } from '../../testing/kubernetes-schemas.js'

const home = join('deploy', 'kubernetes')

interface Container {
  name: string
  image: string
  command?: string[]
  args?: string[]
  env?: { name: string; value?: string }[]
  securityContext?: Record<string, unknown>
  resources?: { limits?: Record<string, string> }
}
interface PodSpec {
  containers: Container[]
  securityContext: Record<string, unknown>
  automountServiceAccountToken?: boolean
  serviceAccountName?: string
}
interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string> }
  spec?: { template?: { spec: PodSpec; metadata: Manifest['metadata'] } }
  template?: { spec: PodSpec; metadata: Manifest['metadata'] }
}

let folder: string
let all: Manifest[]
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubernetes-'))
  const { resources } = await kustomization('.')
  const texts = await Promise.all(resources.map(name => readFile(join(home, name), 'utf8')))
  all = texts.flatMap(text => parseAllDocuments(text).map(each => each.toJS() as Manifest))
})
after(() => rm(folder, { recursive: true }))

const kustomization = async (part: string): Promise<{ resources: string[] }> =>
  parse(await readFile(join(home, part, 'kustomization.yaml'), 'utf8'))

const podsOf = ({ spec, template }: Manifest) => template ?? spec?.template
const withPods = () => all.filter(each => podsOf(each))
const containers = () => withPods().flatMap(each => podsOf(each)!.spec.containers)

test(
  'every manifest fits the published schemas, without unknown fields',
  needsKubernetesSchemas,
  async () => {
    assert.ok(all.length >= 15)
    const file = join(folder, 'all.json')
    await writeFile(file, JSON.stringify(all))
    assert.deepEqual(await problemsOf(file), [])
    // and the check finds what is wrong
    const wrong = structuredClone(all.find(({ kind }) => kind === 'Deployment')!)
    Object.assign(wrong.spec!, { replica: 2 })
    await writeFile(file, JSON.stringify([wrong]))
    assert.match((await problemsOf(file)).join(), /'replica' was unexpected/)
  },
)

test('every file is part of what is applied', async () => {
  const names = (await readdir(home)).filter(name => name.endsWith('.yaml'))
  const { resources } = await kustomization('.')
  assert.deepEqual([...resources, 'kustomization.yaml'].toSorted(), names.toSorted())
  assert.deepEqual((await kustomization('keda')).resources, ['..', 'scaled-object.yaml'])
})

test('no container runs as root, may gain rights, or writes to its image', () => {
  assert.equal(withPods().length, 4)
  for (const each of withPods()) {
    const { spec } = podsOf(each)!
    assert.equal(spec.securityContext.runAsNonRoot, true, each.metadata.name)
    assert.deepEqual(spec.securityContext.seccompProfile, { type: 'RuntimeDefault' })
    // only the worker speaks with Kubernetes
    const isWorker = each.metadata.name === 'worker'
    assert.equal(spec.serviceAccountName, isWorker ? 'worker' : undefined)
    if (!isWorker) assert.equal(spec.automountServiceAccountToken, false, each.metadata.name)
  }
  for (const { name, securityContext, resources } of containers()) {
    assert.equal(securityContext?.readOnlyRootFilesystem, true, name)
    assert.equal(securityContext.allowPrivilegeEscalation, false, name)
    assert.deepEqual(securityContext.capabilities, { drop: ['ALL'] }, name)
    // a trainer's come from the settings of the worker
    assert.ok(name === 'rank' || resources?.limits?.memory, name)
  }
})

test('settings exist and are valid, and scripts are those of the image', async () => {
  const secret = await readFile(join(home, 'secret.example.env'), 'utf8')
  const shared = Object.fromEntries(
    [...secret.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
  )
  const isOurs = (name: string) => name.startsWith('TRAINYARD_') || name === 'REDIS_URL'
  const ours = (values: Record<string, string>) =>
    Object.fromEntries(Object.entries(values).filter(([name]) => isOurs(name)))
  assert.ok(shared.REDIS_URL!.includes(`:${shared.REDIS_PASSWORD}@`))
  for (const { env = [], image } of containers()) {
    if (image !== 'trainyard') continue
    const own = Object.fromEntries(env.map(({ name, value }) => [name, value!]))
    for (const name of Object.keys(ours({ ...shared, ...own })))
      assert.ok((settingNames as readonly string[]).includes(name), name)
    readConfig(ours({ ...shared, ...own }))
  }
  const worker = all.find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'worker',
  )!
  const workerEnv = podsOf(worker)!.spec.containers[0]!.env!
  const config = readConfig(Object.fromEntries(workerEnv.map(({ name, value }) => [name, value!])))
  assert.equal(config.executor.kind, 'kubernetes')
  const template = all.find(({ kind }) => kind === 'PodTemplate')!
  assert.equal(config.executor.kubernetes.template, template.metadata.name)
  const scripts = containers().flatMap(({ command = [], args = [] }) =>
    [...command, ...args].filter(each => each.startsWith('dist/bundle/')),
  )
  assert.deepEqual(scripts.toSorted(), [
    'dist/bundle/workers/remote-rank.js',
    'dist/bundle/workers/worker.js',
  ])
  const places = await readFile(join('src', 'places.ts'), 'utf8')
  for (const script of scripts)
    assert.ok(places.includes(`'${script.replace('dist/bundle/', '').replace('.js', '')}'`), script)
})

test('the labels by which services, policies and budgets choose pods are those of pods', () => {
  const labels = withPods().map(each => podsOf(each)!.metadata.labels!)
  const choosers = all.flatMap(each => {
    const { spec } = each as { spec?: { selector?: object; podSelector?: object } }
    const selector = (spec?.podSelector ?? spec?.selector) as
      | { matchLabels?: Record<string, string> }
      | Record<string, string>
      | undefined
    if (!selector) return []
    return [
      [each.metadata.name, (selector.matchLabels ?? selector) as Record<string, string>] as const,
    ]
  })
  assert.ok(choosers.length >= 8)
  for (const [name, wanted] of choosers) {
    const isChosen = labels.some(own =>
      Object.entries(wanted).every(([key, value]) => own[key] === value),
    )
    assert.ok(isChosen, name)
  }
})
