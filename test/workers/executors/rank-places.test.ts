// What the ranks of a gang learn of their place from Slurm's script and from the objects of Kubernetes.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { readConfig } from '../../../src/config.js'
import { parsePlacement } from '../../../src/placement.js'
import type { Submission } from '../../../workers/executors/engine.js'
import { networkPolicy, workload } from '../../../workers/executors/kubernetes-objects.js'
import { nodeEnvironment } from '../../../workers/executors/open-executor.js'

const submission: Submission = {
  id: 'trainyard-job-1-1',
  job: 'job-1',
  attempt: 1,
  ...{ world: 3, cpus: 1, gpus: 0, memoryBytes: null },
  environment: { TRAINYARD_ATTEMPT: '1', TRAINYARD_WORLD: '3', TRAINYARD_DEVICES: '1' },
}

let programs: string
before(async () => {
  programs = await mkdtemp(join(tmpdir(), 'slurm-'))
  // as their manuals say: a name a line, and each task once with its number
  const scripts = {
    scontrol: '[ "$1 $2 $3" = "show hostnames node[7-8]" ] && printf "node7\\nnode8\\n"',
    srun: `shift
for rank in 0 1 2; do
  SLURM_PROCID=$rank SLURMD_NODENAME=node$((7 + rank / 2)) "$@"
done`,
  }
  for (const [name, text] of Object.entries(scripts)) {
    await writeFile(join(programs, name), `#!/bin/sh\n${text}\n`)
    await chmod(join(programs, name), 0o755)
  }
})
after(() => rm(programs, { recursive: true }))

test('the script for Slurm tells each rank its number, its host and that of rank 0', async () => {
  const { stdout } = await promisify(execFile)(
    'bash',
    ['deploy/slurm/trainyard.sbatch', 'sh', '-c', 'env -0; printf "\\n"'],
    {
      env: {
        PATH: [programs, process.env.PATH].join(delimiter),
        ...{ SLURM_JOB_NODELIST: 'node[7-8]', SLURM_NTASKS: '3' },
        ...submission.environment,
      },
    },
  )
  const environments = stdout
    .trimEnd()
    .split('\n')
    .map(text => Object.fromEntries(text.split('\0').map(each => each.split(/=(.*)/s).slice(0, 2))))
  const common = { attempt: 1, world: 3, devices: 1, leader: 'node7' }
  assert.deepEqual(environments.map(parsePlacement), [
    { ...common, rank: 0, host: 'node7' },
    { ...common, rank: 1, host: 'node7' },
    { ...common, rank: 2, host: 'node8' },
  ])
})

interface Variable {
  name: string
  value?: string
  valueFrom?: { fieldRef: { fieldPath: string } }
}

/** The environment of a pod, as the documentation of Kubernetes says: a variable may refer to earlier ones. */
function expand(variables: readonly Variable[], index: number): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const { name, value, valueFrom } of variables) {
    if (valueFrom) {
      const { fieldPath } = valueFrom.fieldRef
      assert.match(fieldPath, /job-completion-index/)
    }
    const refer = (whole: string, other: string) => environment[other] ?? whole
    environment[name] = valueFrom ? String(index) : value!.replace(/\$\((\w+)\)/g, refer)
  }
  return environment
}

test('the pods of a JobSet learn their number and their names, and that their network is private', () => {
  const template = { spec: { containers: [{ name: 'rank' }] } }
  const { metadata, spec } = workload(submission, template, null) as ReturnType<typeof workload> & {
    spec: {
      network: { subdomain: string }
      replicatedJobs: { name: string; template: { spec: { template: typeof template } } }[]
    }
  }
  const [group] = spec.replicatedJobs
  const { spec: pod, metadata: ofPods } = group!.template.spec.template as never as {
    spec: { containers: { env: Variable[] }[] }
    metadata: { labels: Record<string, string> }
  }
  // a JobSet gives its pods these names in the DNS of the namespace
  const nameOf = (rank: number) =>
    `${metadata.name}-${group!.name}-0-${rank}.${spec.network.subdomain}`
  for (const rank of [0, 1, 2]) {
    const environment = expand(pod.containers[0]!.env, rank)
    assert.deepEqual(parsePlacement(environment), {
      ...{ attempt: 1, rank, world: 3, devices: 1 },
      ...{ host: nameOf(rank), leader: nameOf(0) },
    })
    assert.equal(environment.TRAINYARD_GANG_NETWORK, 'private')
    assert.ok(nameOf(rank).split('.')[0]!.length <= 63, 'a name in DNS')
  }
  // the ports of the ranks are open to the pods of the same attempt, and to nobody else
  const policy = networkPolicy(submission, {})
  const [rule] = policy.spec.ingress
  for (const { matchLabels } of [policy.spec.podSelector, rule!.from[0]!.podSelector]) {
    for (const [name, value] of Object.entries(matchLabels)) {
      assert.equal(ofPods.labels[name], value)
    }
  }
})

test('nodes with a file of settings learn that their network is private from the worker that offers gangs', () => {
  const environment = {
    TRAINYARD_EXECUTOR: 'ray',
    TRAINYARD_RAY_URL: 'http://ray-head:8265',
    TRAINYARD_NODE_ENV: '/etc/trainyard/node.env',
    TRAINYARD_GANG_NETWORK: 'private',
    REDIS_URL: 'redis://:secret@redis:6379',
  }
  const passed = (whole: NodeJS.ProcessEnv) => {
    const { executor: settings, redis, redisPrefix: prefix } = readConfig(whole)
    return nodeEnvironment({ settings, environment: whole, redis: { connection: redis!, prefix } })
  }
  assert.deepEqual(passed(environment), { TRAINYARD_GANG_NETWORK: 'private' })
  const { TRAINYARD_GANG_NETWORK: _, ...without } = environment
  assert.deepEqual(passed(without), {})
})
