// Settings of workers whose trainers run on machines that an engine chooses. docs/executors.md explains them.
import { resolve } from 'node:path'
import { integer, oneOf, parseMemory, pattern } from './setting-values.js'

export const executorSettingNames = [
  'TRAINYARD_EXECUTOR',
  'TRAINYARD_GANG_NETWORK',
  'TRAINYARD_KUBERNETES_ACCOUNT',
  'TRAINYARD_KUBERNETES_QUEUE',
  'TRAINYARD_KUBERNETES_TEMPLATE',
  'TRAINYARD_KUBERNETES_URL',
  'TRAINYARD_NODE_ENV',
  'TRAINYARD_RANK_COMMAND',
  'TRAINYARD_RANK_CPUS',
  'TRAINYARD_RANK_GPUS',
  'TRAINYARD_RANK_MAX_GPUS',
  'TRAINYARD_RANK_MEMORY',
  'TRAINYARD_RAY_TOKEN_FILE',
  'TRAINYARD_RAY_URL',
  'TRAINYARD_SLURM_TEMPLATE',
] as const
type Name = (typeof executorSettingNames)[number]

const gangNetworks = ['own', 'private'] as const

const executors = ['local', 'ray', 'kubernetes', 'slurm'] as const

export interface ExecutorSettings {
  kind: (typeof executors)[number]
  /**
   * Where the trainers of one job reach each other: in a network of their own on this machine, or in the network of
   * their machines, if the operator says that it is private.
   */
  gangNetwork: (typeof gangNetworks)[number]
  /** What each process of an attempt gets. */
  cpus: number
  gpus: number
  /** What a job may ask for in their place (`resources.gpus`). */
  maxGpus: number
  /** null: no limit. */
  memoryBytes: number | null
  /** What runs a process of an attempt on a node; null: Node and the script where they are on this machine. */
  command: readonly string[] | null
  /** A file on each node with its settings, secrets among them; null: it gets those of the worker that are not secret. */
  nodeEnvironmentFile: string | null
  ray: { url: string | null; tokenFile: string | null }
  kubernetes: {
    /** null: where the environment of a pod says. */
    url: string | null
    /** The folder of a service account. */
    account: string
    /** The PodTemplate of the pods. */
    template: string
    /** A LocalQueue of Kueue. */
    queue: string | null
  }
  /** A script for sbatch. */
  slurmTemplate: string | null
}

type Read = <T>(
  name: Name,
  fallback: T,
  parse: (text: string) => T | undefined,
  expects: string,
) => T

const parseUrl = (text: string) =>
  /^https?:\/\/[^\s/@?#]+(\/[^\s?#]*)?$/.test(text) && URL.canParse(text) ? text : undefined

/** Programs and arguments without blanks in them. */
const parseCommand = (text: string) => text.split(/\s+/)

/** `refuse`: for what is valid alone, but not together. */
export function readExecutorSettings(
  read: Read,
  refuse: (name: Name, message: string) => void,
): ExecutorSettings {
  const gpus = read('TRAINYARD_RANK_GPUS', 0, integer(0, 64), 'a number from 0 to 64')
  const settings: ExecutorSettings = {
    kind: read('TRAINYARD_EXECUTOR', 'local', oneOf(executors), `one of ${executors.join(', ')}`),
    gangNetwork: read(
      'TRAINYARD_GANG_NETWORK',
      'own',
      oneOf(gangNetworks),
      `one of ${gangNetworks.join(', ')}`,
    ),
    cpus: read('TRAINYARD_RANK_CPUS', 1, integer(1, 1024), 'a number from 1 to 1024'),
    gpus,
    maxGpus: read('TRAINYARD_RANK_MAX_GPUS', gpus, integer(0, 64), 'a number from 0 to 64'),
    memoryBytes: read<number | null>(
      'TRAINYARD_RANK_MEMORY',
      null,
      text => (text === 'unlimited' ? undefined : parseMemory(text)),
      'a size such as 500MiB or 16GiB',
    ),
    command: read<readonly string[] | null>(
      'TRAINYARD_RANK_COMMAND',
      null,
      parseCommand,
      'a program and its arguments',
    ),
    nodeEnvironmentFile: read<string | null>(
      'TRAINYARD_NODE_ENV',
      null,
      pattern(/^\/[\w./-]+$/),
      'the absolute path of a file, without blanks',
    ),
    ray: {
      url: read<string | null>(
        'TRAINYARD_RAY_URL',
        null,
        parseUrl,
        'the URL of the dashboard, such as http://ray-head:8265',
      ),
      tokenFile: read<string | null>(
        'TRAINYARD_RAY_TOKEN_FILE',
        null,
        text => resolve(text),
        'a file',
      ),
    },
    kubernetes: {
      url: read<string | null>(
        'TRAINYARD_KUBERNETES_URL',
        null,
        parseUrl,
        'the URL of the API server',
      ),
      account: read(
        'TRAINYARD_KUBERNETES_ACCOUNT',
        '/var/run/secrets/kubernetes.io/serviceaccount',
        text => resolve(text),
        'the folder of a service account: token, ca.crt, namespace',
      ),
      template: read(
        'TRAINYARD_KUBERNETES_TEMPLATE',
        'trainyard-rank',
        pattern(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/),
        'the name of a PodTemplate',
      ),
      queue: read<string | null>(
        'TRAINYARD_KUBERNETES_QUEUE',
        null,
        pattern(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
        'the name of a LocalQueue of Kueue',
      ),
    },
    slurmTemplate: read<string | null>(
      'TRAINYARD_SLURM_TEMPLATE',
      null,
      text => resolve(text),
      'a file',
    ),
  }
  if (settings.kind === 'ray' && settings.ray.url === null)
    refuse('TRAINYARD_RAY_URL', 'TRAINYARD_EXECUTOR=ray needs TRAINYARD_RAY_URL')
  if (settings.maxGpus < gpus)
    refuse(
      'TRAINYARD_RANK_MAX_GPUS',
      `TRAINYARD_RANK_MAX_GPUS is ${settings.maxGpus}, and trainers get ${gpus} GPUs without asking (TRAINYARD_RANK_GPUS): make it at least as large`,
    )
  if (settings.kind === 'slurm' && settings.slurmTemplate === null)
    refuse(
      'TRAINYARD_SLURM_TEMPLATE',
      'TRAINYARD_EXECUTOR=slurm needs TRAINYARD_SLURM_TEMPLATE, such as a copy of deploy/slurm/trainyard.sbatch',
    )
  return settings
}
