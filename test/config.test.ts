import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { assignedResources, readConfig, refuseArguments } from '../src/config.js'
import type { TrainyardError } from '../src/errors.js'
import { settingNames } from '../src/setting-names.js'
import { tempFolder } from '../testing/temp-folder.js'

test('without settings, the server listens only on this machine', () => {
  const config = readConfig({})
  assert.equal(config.host, '127.0.0.1')
  assert.equal(config.port, 8080)
  assert.equal(config.redis, null)
  assert.ok(config.dataFolder.endsWith('/data'))
})

test('all invalid settings are reported at once with the expected values', () => {
  const environment = {
    TRAINYARD_PORT: '80801',
    TRAINYARD_LOCK_MS: '10',
    TRAINYARD_SPARE_TRAINERS: 'some',
    TRAINYARD_MEMORY: '16',
    TRAINYARD_PREDICTORS: '0',
    TRAINYARD_PREDICTOR_THREADS: 'all',
    TRAINYARD_PREDICTOR_MEMORY: '2GB',
    TRAINYARD_PREDICTION_WAIT_MS: '5s',
    TRAINYARD_PINNED_MODELS: 'Digits',
    TRAINYARD_TRAINING_KERNELS: 'fast',
    TRAINYARD_LOG_LEVEL: 'loud',
    TRAINYARD_KEY: 'short',
    TRAINYARD_WEBHOOKS: 'everywhere',
    TRAINYARD_EXECUTOR: 'dask',
    TRAINYARD_RANK_CPUS: '0',
    TRAINYARD_RANK_GPUS: 'all',
    TRAINYARD_RANK_MAX_GPUS: '65',
    TRAINYARD_RANK_MEMORY: 'unlimited',
    TRAINYARD_NODE_ENV: 'node.env',
    TRAINYARD_RAY_URL: 'ray://head:10001',
    TRAINYARD_KUBERNETES_TEMPLATE: 'A template',
    TRAINYARD_KUBERNETES_QUEUE: 'a.queue',
    REDIS_URL: 'http://somewhere',
  }
  assert.throws(
    () => readConfig(environment),
    (error: TrainyardError) => {
      assert.deepEqual(error.errors.map(({ path }) => path).sort(), Object.keys(environment).sort())
      assert.match(error.message, /TRAINYARD_PORT is '80801', expected a port from 0 to 65535/)
      return true
    },
  )
})

test('a setting that does not exist is refused, with the one that was probably meant', () => {
  const environment = {
    TRAINYARD_DATE: '/somewhere',
    TRAINYARD_SLOT: '2',
    TRAINYARD_ENGINE: 'cpu',
    trainyard_port: '1',
    NODE_ENV: 'production',
  }
  assert.throws(() => readConfig(environment), {
    code: 'INVALID_CONFIGURATION',
    message:
      'there is no setting TRAINYARD_DATE; did you mean TRAINYARD_DATA?; there is no setting TRAINYARD_SLOT; did you mean TRAINYARD_SLOTS?',
  })
})

test('addresses of proxies and pages are read in the forms that people write, and checked', () => {
  const config = readConfig({
    TRAINYARD_ALLOWED_HOSTS: 'Train.Example.com, *.example.org,[::1]',
    TRAINYARD_PUBLIC_URL: 'https://Example.com/trainyard/',
    TRAINYARD_CORS_ORIGINS: 'https://App.example.com/, http://localhost:3000',
    TRAINYARD_TRUSTED_PROXIES: 'loopback, 10.0.0.0/8, fd00::1',
  })
  assert.deepEqual(config.allowedHosts, ['train.example.com', '*.example.org', '[::1]'])
  assert.equal(config.publicUrl, 'https://example.com/trainyard')
  assert.deepEqual(config.corsOrigins, ['https://app.example.com', 'http://localhost:3000'])
  assert.deepEqual(config.trustedProxies, ['loopback', '10.0.0.0/8', 'fd00::1'])
  assert.equal(readConfig({ TRAINYARD_PUBLIC_URL: 'http://a.b' }).publicUrl, 'http://a.b')
  const invalid: Record<string, string[]> = {
    TRAINYARD_ALLOWED_HOSTS: ['https://a.b', 'a.b:80', 'a.b/c', 'a.*.b', 'a b', 'a,,b'],
    TRAINYARD_PUBLIC_URL: [
      'a.b',
      'ftp://a.b',
      'https://a.b/?x',
      'https://u:p@a.b',
      'https://a.b/c//d',
    ],
    TRAINYARD_CORS_ORIGINS: ['a.b', 'https://a.b/c', 'https://*.a.b', 'null'],
    TRAINYARD_LABELS: ['zone a', '=a', 'ssd,,nvme', `a=${'b'.repeat(70)}`],
    TRAINYARD_REDIS_SENTINELS: ['sentinel', 's1:99999', 'redis://s1:26379'],
    TRAINYARD_TRUSTED_PROXIES: ['proxy', '10.0.0.0/40', 'true', '300.1.1.1'],
  }
  for (const [name, texts] of Object.entries(invalid)) {
    for (const text of texts) {
      const expected = { message: new RegExp(`^${name} is '.+', expected `) }
      assert.throws(() => readConfig({ [name]: text }), expected, `${name}=${text}`)
    }
  }
})

test('an invalid secret is not printed', () => {
  const environment = { TRAINYARD_KEY: 'pässword-pässword', REDIS_URL: 'redi://:password@host' }
  assert.throws(
    () => readConfig(environment),
    ({ message }: Error) =>
      /TRAINYARD_KEY has another value, expected 16 to 256/.test(message) &&
      /REDIS_URL has another value/.test(message) &&
      !/p[aä]ssword/.test(message),
  )
})

test('the README describes every setting, and docs/executors.md those of executors', async () => {
  const names = (text: string) =>
    [...text.matchAll(/^\| `([A-Z_]+)` *\|/gm)].map(([, name]) => name!)
  const executors = names(await readFile('docs/executors.md', 'utf8'))
  const readme = names(await readFile('README.md', 'utf8'))
  assert.deepEqual(
    executors.filter(name => readme.includes(name)),
    ['TRAINYARD_EXECUTOR'],
  )
  const described = [...new Set([...readme, ...executors])]
  const forTests = ['TRAINYARD_FAILPOINTS']
  const known = settingNames.filter(name => !forTests.includes(name))
  assert.deepEqual(described.filter(name => name !== 'XDG_CACHE_HOME').sort(), [...known].sort())
})

test('an argument of a program that has none is answered with the setting', () => {
  const refused = (...args: string[]) => {
    try {
      refuseArguments('npm start', args)
    } catch (error) {
      return (error as Error).message.split(': ').at(-1)
    }
    return null
  }
  assert.equal(refused(), null)
  assert.equal(refused('--port', '9000'), 'TRAINYARD_PORT=9000 npm start')
  assert.equal(refused('--data-dir=/data'), 'TRAINYARD_DATA=/data npm start')
  assert.equal(refused('--log-level'), 'TRAINYARD_LOG_LEVEL=… npm start')
  assert.match(refused('8080')!, /^TRAINYARD_PORT=/)
})

test('a Redis URL is parsed to connection options', () => {
  const redis = (REDIS_URL: string) => readConfig({ REDIS_URL }).redis
  assert.deepEqual(redis('redis://example'), { host: 'example', port: 6379 })
  assert.deepEqual(redis('rediss://me:p%40ss@example:7000/3'), {
    host: 'example',
    port: 7000,
    username: 'me',
    password: 'p@ss',
    db: 3,
    tls: {},
  })
  assert.deepEqual(redis('unix://me:secret@localhost/run/redis.sock'), {
    path: '/run/redis.sock',
    username: 'me',
    password: 'secret',
  })
})

test('the resources of a trainer are read from the environment that its worker sets', () => {
  assert.deepEqual(assignedResources({ OMP_NUM_THREADS: '3', CUDA_VISIBLE_DEVICES: '0' }), {
    threads: 3,
    tensorflowThreads: 3,
    gpu: true,
    gpus: 1,
  })
  assert.equal(assignedResources({ CUDA_VISIBLE_DEVICES: '0,3' }).gpus, 2)
  assert.deepEqual(assignedResources({ OMP_NUM_THREADS: '1', CUDA_VISIBLE_DEVICES: '' }), {
    threads: 1,
    tensorflowThreads: 1,
    gpu: false,
    gpus: 0,
  })
  const ofRank = assignedResources({ OMP_NUM_THREADS: '1', TF_NUM_INTRAOP_THREADS: '2' })
  assert.deepEqual([ofRank.threads, ofRank.tensorflowThreads], [1, 2])
  assert.ok(assignedResources({ OMP_NUM_THREADS: 'all' }).threads >= 1)
})

test('the memory for jobs has a unit', () => {
  const read = (text: string) => readConfig({ TRAINYARD_MEMORY: text }).memoryBytes
  assert.equal(readConfig({}).memoryBytes, null)
  assert.deepEqual(['500MiB', '1.5 GiB', '16GiB', 'unlimited'].map(read), [
    500 * 2 ** 20,
    1.5 * 2 ** 30,
    16 * 2 ** 30,
    Number.POSITIVE_INFINITY,
  ])
  for (const text of ['16', '0GiB', '-1GiB', '16GB', 'GiB', '1e3GiB']) {
    assert.throws(() => read(text), /TRAINYARD_MEMORY is '.*', expected a size such as/)
  }
})

test('a Redis behind Sentinels and with an authority of its own is read from several settings', async t => {
  const folder = await tempFolder(t)
  const ca = join(folder, 'ca.pem')
  await writeFile(ca, '-----BEGIN CERTIFICATE-----\n')
  const { redis } = readConfig({
    REDIS_URL: 'rediss://me:secret@mymaster/2',
    TRAINYARD_REDIS_SENTINELS: 's1:26379,[::1]:26380',
    TRAINYARD_REDIS_SENTINEL_PASSWORD: 'other',
    TRAINYARD_REDIS_CA: ca,
  })
  const tls = { ca: '-----BEGIN CERTIFICATE-----\n' }
  assert.deepEqual(redis, {
    ...{ username: 'me', password: 'secret', db: 2, tls, name: 'mymaster' },
    sentinels: [
      { host: 's1', port: 26379 },
      { host: '::1', port: 26380 },
    ],
    ...{ sentinelPassword: 'other', enableTLSForSentinelMode: true, sentinelTLS: tls },
  })
  const refused = [
    ['TRAINYARD_REDIS_CA', ca, /needs a REDIS_URL that begins with rediss/],
    ['TRAINYARD_REDIS_SENTINELS', 's1:26379', /needs a REDIS_URL with the name of the master/],
    ['TRAINYARD_REDIS_SENTINEL_PASSWORD', 'other', /needs TRAINYARD_REDIS_SENTINELS/],
  ] as const
  for (const [name, value, message] of refused)
    assert.throws(() => readConfig({ [name]: value, REDIS_URL: 'unix:///redis.sock' }), message)
  assert.throws(
    () => readConfig({ REDIS_URL: 'rediss://redis', TRAINYARD_REDIS_CA: join(folder, 'none') }),
    /TRAINYARD_REDIS_CA is '.*none', expected a readable file/,
  )
})

test('an executor whose own settings are missing is refused with them', () => {
  for (const [executor, name] of [
    ['ray', 'TRAINYARD_RAY_URL'],
    ['slurm', 'TRAINYARD_SLURM_TEMPLATE'],
  ] as const) {
    assert.throws(
      () => readConfig({ TRAINYARD_EXECUTOR: executor }),
      (error: TrainyardError) => {
        assert.deepEqual(
          error.errors.map(({ path }) => path),
          [name],
        )
        assert.match(error.message, new RegExp(`^TRAINYARD_EXECUTOR=${executor} needs ${name}`))
        return true
      },
    )
  }
})

test('a job may ask for at least the GPUs that others get, and by default for no more', () => {
  const ranks = (gpus: string, more = {}) =>
    readConfig({ TRAINYARD_RANK_GPUS: gpus, ...more }).executor
  assert.equal(ranks('2').maxGpus, 2)
  assert.equal(ranks('2', { TRAINYARD_RANK_MAX_GPUS: '8' }).maxGpus, 8)
  assert.throws(
    () => ranks('2', { TRAINYARD_RANK_MAX_GPUS: '1' }),
    /TRAINYARD_RANK_MAX_GPUS is 1, and trainers get 2 GPUs without asking/,
  )
})
