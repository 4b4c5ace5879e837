import type { ExecutorSettings } from '../../src/executor-settings.js'
import { connect, type RedisConfig } from '../../src/jobs/queue/redis.js'
import type { Logger } from '../../src/log.js'
import { ownProcessId } from '../../src/processes.js'
import type { Engine } from './engine.js'
import type { Executor } from './executor.js'
import { Kubernetes } from './kubernetes.js'
import { Ray } from './ray.js'
import { readerOptions, writerOptions } from './remote/connections.js'
import { RemoteExecutor } from './remote/remote-executor.js'
import { Slurm } from './slurm.js'

export interface ExecutorDeps {
  settings: ExecutorSettings
  redis: RedisConfig
  version: string
  /** The script of a relay. */
  script: string
  openLocal(): Executor
  /** Whether nobody else reaches the network of the nodes, so that the ranks of a gang may listen in it. */
  hasPrivateNetwork: boolean
  /** This worker's environment, of which trainers elsewhere get the settings that count for them. */
  environment: NodeJS.ProcessEnv
  onRedisError(error: Error): void
  log: Pick<Logger, 'info' | 'warn'>
}

/** Throws if trainers elsewhere could not work with these settings. */
export function openExecutor(deps: ExecutorDeps): Executor {
  const { settings, redis, version, onRedisError, log } = deps
  if (settings.kind === 'local') return deps.openLocal()
  const environment = nodeEnvironment(deps)
  warnOfLocalAddresses(deps)
  const { cpus, gpus, memoryBytes } = settings
  return new RemoteExecutor({
    engine: openEngine(settings.kind, deps),
    redis: connect(redis, writerOptions, onRedisError),
    reader: connect(redis, readerOptions, onRedisError),
    prefix: redis.prefix,
    worker: ownProcessId,
    version,
    ...{ cpus, gpus, memoryBytes, environment },
    log,
  })
}

function openEngine(
  engine: Exclude<ExecutorSettings['kind'], 'local'>,
  { settings, script, environment, hasPrivateNetwork }: ExecutorDeps,
): Engine {
  const { ray, kubernetes, slurmTemplate } = settings
  const command = withFile(settings.command ?? [process.execPath, script], settings)
  switch (engine) {
    case 'ray':
      return new Ray({ ...ray, url: ray.url!, command, hasPrivateNetwork })
    case 'kubernetes':
      return new Kubernetes({ ...kubernetes, url: kubernetes.url ?? clusterUrl(environment) })
    case 'slurm':
      return new Slurm({
        template: slurmTemplate!,
        command,
        hasPrivateNetwork,
        environment: slurmVariables(environment),
      })
  }
}

/** Node reads the file before it runs the script. */
const withFile = (command: readonly string[], { nodeEnvironmentFile: file }: ExecutorSettings) =>
  file === null ? command : [command[0]!, `--env-file=${file}`, ...command.slice(1)]

/** Where the API server of a pod's own cluster is. */
function clusterUrl({
  KUBERNETES_SERVICE_HOST: host,
  KUBERNETES_SERVICE_PORT: port,
}: NodeJS.ProcessEnv) {
  if (!host)
    throw new Error(
      'TRAINYARD_EXECUTOR=kubernetes is for workers in a pod: elsewhere, TRAINYARD_KUBERNETES_URL and TRAINYARD_KUBERNETES_ACCOUNT say where the cluster is',
    )
  return `https://${host.includes(':') ? `[${host}]` : host}:${port || 443}`
}

/** Slurm passes on all variables of sbatch to the ranks, so it gets none of this worker's settings by itself. */
const slurmVariables = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(environment).filter(([name]) =>
      /^(PATH|HOME|USER|LOGNAME|LANG|TZ|SLURM_.*|LD_LIBRARY_PATH)$/.test(name),
    ),
  )

/** Settings that count for a trainer, and are no secrets. */
const passedSettings = [
  ...['TRAINYARD_DATA', 'TRAINYARD_STORE', 'TRAINYARD_STORE_CACHE', 'TRAINYARD_REDIS_PREFIX'],
  ...['TRAINYARD_TRAINING_KERNELS', 'TRAINYARD_SERVING_RUNTIME', 'TRAINYARD_FAILPOINTS'],
  'TRAINYARD_GANG_NETWORK',
  ...['TRAINYARD_LIBTENSORFLOW', 'XDG_CACHE_HOME'],
  ...['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3'],
]

/**
 * What trainers elsewhere get of this worker's settings: engines show the variables of a process to whoever may look,
 * so nothing secret.
 */
export function nodeEnvironment({
  settings,
  environment,
  redis,
}: Pick<ExecutorDeps, 'settings' | 'environment' | 'redis'>): Record<string, string> {
  // the pods of Kubernetes have a template, and a policy of their own for gangs
  if (settings.kind === 'kubernetes') return {}
  // nodes with a file have the rest from there; a gang is offered to them by what this worker says of their network
  if (settings.nodeEnvironmentFile !== null) return chosen(environment, ['TRAINYARD_GANG_NETWORK'])
  const { password } = redis.connection
  if (password)
    throw new Error(
      `REDIS_URL has a password, which ${settings.kind} would show to whoever may see its jobs: put REDIS_URL and the other settings into a file on each node, and set TRAINYARD_NODE_ENV to its path`,
    )
  return chosen(environment, [...passedSettings, 'REDIS_URL'])
}

const chosen = (environment: NodeJS.ProcessEnv, names: readonly string[]) =>
  Object.fromEntries(
    names.flatMap(name => (environment[name] ? [[name, environment[name]]] : [])),
  ) as Record<string, string>

/** They are right only if the nodes are this machine. */
function warnOfLocalAddresses({ settings, redis, log }: ExecutorDeps): void {
  const { path, host = 'localhost' } = redis.connection
  if (settings.nodeEnvironmentFile !== null || settings.kind === 'kubernetes') return
  if (path === undefined && !/^(localhost|127\..*|::1|\[::1\])$/.test(host)) return
  log.warn(
    { redis: path ?? host },
    'REDIS_URL is an address of this machine: trainers on other machines do not reach it',
  )
}
