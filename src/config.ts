import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { type FieldError, TrainyardError } from './errors.js'
import { type ExecutorSettings, readExecutorSettings } from './executor-settings.js'
import { placementNames } from './placement.js'
import { closestSetting, isSetting, type settingNames } from './setting-names.js'
import {
  integer,
  listOf,
  oneOf,
  parseBucket,
  parseFetchable,
  parseFolders,
  parseHost,
  parseMemory,
  parseNetwork,
  parseOrigin,
  parsePublicUrl,
  parseRedisNode,
  parseRedisUrl,
  pattern,
  type RedisConnectionOptions,
  type RedisNode,
  readCertificates,
  withRedisSettings,
} from './setting-values.js'
import { hostLabelPattern } from './spec/host-label.js'

const webhookNetworks = ['public', 'private'] as const

const servingRuntimes = ['auto', 'tensorflow', 'openvino'] as const

const trainingKernels = ['auto', 'stock'] as const

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export interface Config {
  host: string
  /** 0 chooses a free port. */
  port: number
  /** Where gRPC is served; null for nowhere. */
  grpcPort: number | null
  /** Names in the Host header that the server answers to, beside localhost; null: none, or all if `host` is no loopback address. */
  allowedHosts: readonly string[] | null
  /** Where clients reach the server, through a proxy: `https://example.com/trainyard`. */
  publicUrl: string | null
  /** Origins whose web pages may call the API; `*` is all. */
  corsOrigins: readonly string[]
  /** Addresses and networks of proxies whose X-Forwarded headers count. */
  trustedProxies: readonly string[]
  dataFolder: string
  /** The bucket that is the record, and the prefix of its keys; null: the data folder is the record. */
  store: { bucket: string; prefix: string } | null
  /** Bytes that local copies of a bucket's folders may take; null: half of the disk. */
  storeCacheBytes: number | null
  /** null: `npm start` runs its own Redis. */
  redis: RedisConnectionOptions | null
  /** Prefix of every Redis key, so that several servers can share one Redis. */
  redisPrefix: string
  /** What the operator says of this machine, for jobs that ask for it. */
  labels: readonly string[]
  /** Number of trainers at a time; null: one for each GPU, or one on a machine without GPUs. */
  slots: number | null
  /** After this time without contact, workers on other hosts take over a worker's jobs. */
  lockMs: number
  /** Keep a spare trainer for each slot if memory allows it; null: only on a machine without GPUs. */
  spareTrainers: boolean | null
  /** Bytes that the jobs of a worker may take together; null: the memory of the machine or container. */
  memoryBytes: number | null
  /** The processes that predict from images; null: chosen by the machine. */
  predictors: number | null
  /** Processor threads of each; null: chosen by the machine. */
  predictorThreads: number | null
  /** Bytes that their loaded models may take together; null: a quarter of the machine's memory. */
  predictorMemoryBytes: number | null
  /** A prediction that would wait for longer before it runs is refused; in a burst, ten times as long. */
  predictionWaitMs: number
  /** Models that stay loaded, by name. */
  pinnedModels: readonly string[]
  /** An API key that is accepted in addition to the data folder's. */
  key: string | null
  /** A file with further API keys, one on each line. */
  keyFile: string | null
  /** How many days a job keeps its checkpoints after it has ended; null: for ever. */
  checkpointDays: number | null
  /** Folders whose files clients may make data sets of, absolute. */
  dataRoots: readonly string[]
  /** What data sets may be fetched from beside public addresses: names, networks, `s3://bucket`. */
  fetchAllow: readonly string[]
  s3: { endpoint: string | null; region: string }
  /** Networks that webhooks may call. `private` also allows http and the server's own network. */
  webhooks: (typeof webhookNetworks)[number]
  /** The library that runs networks for predictions; `auto` measures which is faster. */
  servingRuntime: (typeof servingRuntimes)[number]
  /** Whose kernels training steps run: Trainyard's own where they run, or TensorFlow's. */
  trainingKernels: (typeof trainingKernels)[number]
  /** What runs a worker's trainers. */
  executor: ExecutorSettings
  logLevel: (typeof logLevels)[number]
  /** For tests: a file that names the storage operations to fail (src/store/failpoints.ts). */
  failpoints: string | null
}

/** Settings whose values no message shows. */
const secretSettings: readonly string[] = [
  'TRAINYARD_KEY',
  'REDIS_URL',
  'TRAINYARD_REDIS_SENTINEL_PASSWORD',
]

/**
 * Reads and checks the environment. Throws one error that names all invalid variables, and those that begin with
 * TRAINYARD_ and do not exist: a misspelt setting would have no effect without a word.
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Readonly<Config> {
  const errors: FieldError[] = []
  const addError = (path: string, message: string) =>
    errors.push({ path, code: 'invalid_setting', message })
  const read = <T>(
    name: (typeof settingNames)[number],
    fallback: T,
    parse: (text: string) => T | undefined,
    expects: string,
  ) => {
    const text = environment[name]?.trim()
    if (!text) return fallback
    const value = parse(text)
    if (value !== undefined) return value
    const found = secretSettings.includes(name) ? 'has another value' : `is '${text}'`
    addError(name, `${name} ${found}, expected ${expects}`)
    return fallback
  }
  const config: Config = {
    host: read('TRAINYARD_HOST', '127.0.0.1', text => text, 'an address'),
    port: read('TRAINYARD_PORT', 8080, integer(0, 65_535), 'a port from 0 to 65535'),
    grpcPort: read<number | null>(
      'TRAINYARD_GRPC_PORT',
      null,
      integer(0, 65_535),
      'a port from 0 to 65535',
    ),
    allowedHosts: read<readonly string[] | null>(
      'TRAINYARD_ALLOWED_HOSTS',
      null,
      listOf(parseHost),
      'names such as train.example.com or *.example.com, without scheme, port and path, separated by commas; or *',
    ),
    publicUrl: read<string | null>(
      'TRAINYARD_PUBLIC_URL',
      null,
      parsePublicUrl,
      'a URL such as https://train.example.com or https://example.com/trainyard, without a query',
    ),
    corsOrigins: read<readonly string[]>(
      'TRAINYARD_CORS_ORIGINS',
      [],
      listOf(parseOrigin),
      'origins such as https://app.example.com, without a path, separated by commas; or *',
    ),
    trustedProxies: read<readonly string[]>(
      'TRAINYARD_TRUSTED_PROXIES',
      [],
      listOf(parseNetwork),
      'addresses and networks such as 10.0.0.5 or 10.0.0.0/8, separated by commas; or loopback',
    ),
    dataFolder: resolve(read('TRAINYARD_DATA', 'data', text => text, 'a folder')),
    store: read<Config['store']>(
      'TRAINYARD_STORE',
      null,
      parseBucket,
      's3://BUCKET or s3://BUCKET/PREFIX; unset, the data folder is the store',
    ),
    storeCacheBytes: read<number | null>(
      'TRAINYARD_STORE_CACHE',
      null,
      parseMemory,
      "a size such as 50GiB, or 'unlimited'",
    ),
    redis: withRedisSettings(
      read<RedisConnectionOptions | null>(
        'REDIS_URL',
        null,
        parseRedisUrl,
        'redis://, rediss:// or unix:// and a path',
      ),
      {
        sentinels: read<RedisNode[] | null>(
          'TRAINYARD_REDIS_SENTINELS',
          null,
          listOf(parseRedisNode),
          'addresses such as sentinel-1:26379, separated by commas',
        ),
        sentinelPassword: read<string | null>(
          'TRAINYARD_REDIS_SENTINEL_PASSWORD',
          null,
          text => text,
          'a password',
        ),
        ca: read<string | null>(
          'TRAINYARD_REDIS_CA',
          null,
          readCertificates,
          'a readable file with certificates in PEM',
        ),
      },
      addError,
    ),
    redisPrefix: read(
      'TRAINYARD_REDIS_PREFIX',
      'trainyard',
      pattern(/^[\w.-]{1,40}$/),
      'letters, digits, dots and dashes',
    ),
    labels: read<readonly string[]>(
      'TRAINYARD_LABELS',
      [],
      listOf(pattern(hostLabelPattern)),
      'labels such as zone=a or ssd, separated by commas',
    ),
    slots: read<number | null>(
      'TRAINYARD_SLOTS',
      null,
      integer(1, 1024),
      'a number from 1 to 1024',
    ),
    lockMs: read(
      'TRAINYARD_LOCK_MS',
      60_000,
      integer(1000, 3_600_000),
      'milliseconds from 1000 to 3600000',
    ),
    spareTrainers: read<boolean | null>(
      'TRAINYARD_SPARE_TRAINERS',
      null,
      text => ({ on: true, off: false })[text],
      'on or off',
    ),
    memoryBytes: read<number | null>(
      'TRAINYARD_MEMORY',
      null,
      parseMemory,
      "a size such as 500MiB or 16GiB, or 'unlimited'",
    ),
    predictors: read<number | null>(
      'TRAINYARD_PREDICTORS',
      null,
      integer(1, 64),
      'a number from 1 to 64',
    ),
    predictorThreads: read<number | null>(
      'TRAINYARD_PREDICTOR_THREADS',
      null,
      integer(1, 1024),
      'a number from 1 to 1024',
    ),
    predictorMemoryBytes: read<number | null>(
      'TRAINYARD_PREDICTOR_MEMORY',
      null,
      parseMemory,
      "a size such as 500MiB or 16GiB, or 'unlimited'",
    ),
    predictionWaitMs: read(
      'TRAINYARD_PREDICTION_WAIT_MS',
      500,
      integer(10, 30_000),
      'milliseconds from 10 to 30000',
    ),
    pinnedModels: read<readonly string[]>(
      'TRAINYARD_PINNED_MODELS',
      [],
      listOf(pattern(/^[a-z0-9][a-z0-9._-]{0,62}$/)),
      'names of models, separated by commas',
    ),
    key: read<string | null>(
      'TRAINYARD_KEY',
      null,
      // what an Authorization header can hold
      pattern(/^[\x21-\x7e]{16,256}$/),
      '16 to 256 ASCII characters without blanks',
    ),
    keyFile: read<string | null>('TRAINYARD_KEY_FILE', null, text => resolve(text), 'a file'),
    checkpointDays: read<number | null>(
      'TRAINYARD_CHECKPOINT_DAYS',
      null,
      integer(0, 36_500),
      'a number of days from 0 to 36500',
    ),
    dataRoots: read<readonly string[]>(
      'TRAINYARD_DATA_ROOTS',
      [],
      parseFolders,
      'absolute paths of folders such as /data:/mnt/images, separated by colons; not /',
    ),
    fetchAllow: read<readonly string[]>(
      'TRAINYARD_FETCH_ALLOW',
      [],
      listOf(parseFetchable),
      'names such as files.example.com or *.example.com, networks such as 10.0.0.0/8, and buckets such as s3://images or s3://*, separated by commas',
    ),
    s3: {
      endpoint: environment.AWS_ENDPOINT_URL_S3 ?? environment.AWS_ENDPOINT_URL ?? null,
      region: environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? 'us-east-1',
    },
    webhooks: read(
      'TRAINYARD_WEBHOOKS',
      'public',
      oneOf(webhookNetworks),
      `one of ${webhookNetworks.join(', ')}`,
    ),
    servingRuntime: read(
      'TRAINYARD_SERVING_RUNTIME',
      'auto',
      oneOf(servingRuntimes),
      `one of ${servingRuntimes.join(', ')}`,
    ),
    trainingKernels: read(
      'TRAINYARD_TRAINING_KERNELS',
      'auto',
      oneOf(trainingKernels),
      `one of ${trainingKernels.join(', ')}`,
    ),
    executor: readExecutorSettings(read, (path, message) =>
      errors.push({ path, code: 'invalid_setting', message }),
    ),
    logLevel: read(
      'TRAINYARD_LOG_LEVEL',
      'info',
      oneOf(logLevels),
      `one of ${logLevels.join(', ')}`,
    ),
    failpoints: read<string | null>('TRAINYARD_FAILPOINTS', null, text => resolve(text), 'a file'),
  }
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('TRAINYARD_') || isSetting(name) || isPlacement(name)) continue
    addError(name, `there is no setting ${name}; did you mean ${closestSetting(name)}?`)
  }
  if (errors.length > 0) {
    const message = errors.map(error => error.message).join('; ')
    throw new TrainyardError('INVALID_CONFIGURATION', message, { errors })
  }
  return Object.freeze(config)
}

/**
 * For programs without options. Throws an error that names the setting which an argument stands for:
 * `--port 9000` is TRAINYARD_PORT.
 */
export function refuseArguments(command: string, args: readonly string[]): void {
  const [first, second] = args
  if (first === undefined) return
  const [, option, value = second ?? '…'] = /^--?([\w-]+)(?:=(.*))?$/.exec(first) ?? []
  const setting = closestSetting(
    `TRAINYARD_${(option ?? 'PORT').replaceAll('-', '_').toUpperCase()}`,
  )
  const message = `${command} takes no arguments, but got '${first}'; settings are environment variables: ${setting}=${value} ${command}`
  throw new TrainyardError('INVALID_CONFIGURATION', message)
}

const isPlacement = (name: string) => (placementNames as readonly string[]).includes(name)

/** The environment of a child process: this process's own, with `extra` on top. */
export const childEnvironment = (extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  ...extra,
})

/** The share of the machine that the worker assigned to this process, as src/engine/environment.ts sets it. */
export function assignedResources(environment: NodeJS.ProcessEnv = process.env): AssignedResources {
  const count = (text: string | undefined, otherwise: number) => {
    const threads = Number(text)
    return Number.isInteger(threads) && threads > 0 ? threads : otherwise
  }
  const threads = count(environment.OMP_NUM_THREADS, availableParallelism())
  return {
    threads,
    tensorflowThreads: count(environment.TF_NUM_INTRAOP_THREADS, threads),
    gpu: Boolean(environment.CUDA_VISIBLE_DEVICES),
    gpus: environment.CUDA_VISIBLE_DEVICES?.split(',').filter(Boolean).length ?? 0,
  }
}

export interface AssignedResources {
  threads: number
  /** Of TensorFlow: the ranks of a gang on one machine share its cores, but each has as many as a trainer alone. */
  tensorflowThreads: number
  gpu: boolean
  /** How many GPUs. */
  gpus: number
}

/** Sets variables for native libraries, which read this process's environment when they load. */
export function setEnvironment(values: Readonly<Record<string, string>>): void {
  Object.assign(process.env, values)
}
