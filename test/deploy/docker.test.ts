// There is no Docker where the tests run, so they compare what Docker would read with what the server reads.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { readConfig } from '../../src/config.js'
import { settingNames } from '../../src/setting-names.js'
import { instructionsOf, isInContext, parseDockerfile } from './dockerfile.js'

interface Service {
  image: string
  command?: string | string[]
  environment?: Record<string, string>
  build?: string | { args: Record<string, string> }
  secrets?: string[]
  read_only?: boolean
  healthcheck?: { test: string[] }
}
interface Compose {
  services: Record<string, Service>
  secrets?: Record<string, { file: string }>
}

const compose = (file: string) => parse(readFileSync(file, 'utf8'), { merge: true }) as Compose
const base = compose('docker-compose.yml')
const overrides = ['docker-compose.gpu.yml', 'deploy/docker/key-file.yml'].map(compose)
const stages = parseDockerfile(readFileSync('Dockerfile', 'utf8'))
const dockerignore = readFileSync('.dockerignore', 'utf8')
const runnable = ['server', 'all-in-one']
const lastValue = (stage: string, name: string) =>
  instructionsOf(stages, stage).findLast(each => each.name === name)?.value

/** Names and values of all ENV instructions. */
const imageEnvironment = (stage: string) =>
  instructionsOf(stages, stage)
    .filter(({ name }) => name === 'ENV')
    .flatMap(({ value }) => value.split(' ').map(pair => pair.split('=') as [string, string]))

const isOurs = (name: string) => name.startsWith('TRAINYARD_') || name === 'REDIS_URL'

test('the image and Compose set only settings that exist, and values that are valid', () => {
  const environments = [
    ...stages.map(({ name }) => Object.fromEntries(imageEnvironment(name))),
    ...[base, ...overrides].flatMap(({ services }) =>
      Object.values(services).map(({ environment = {} }) => environment),
    ),
  ]
  const names = environments.flatMap(Object.keys).filter(isOurs)
  assert.ok(names.length >= 8, names.join())
  for (const name of names) assert.ok((settingNames as readonly string[]).includes(name), name)
  for (const environment of environments) readConfig(defaultsIn(environment))
  const { dataFolder, host } = readConfig(
    defaultsIn(Object.fromEntries(imageEnvironment('server'))),
  )
  assert.deepEqual([dataFolder, host], ['/data', '0.0.0.0'])
})

/** Compose replaces `${NAME:-default}`. */
const defaultsIn = (environment: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(environment)
      .filter(([name]) => isOurs(name) && name !== 'TRAINYARD_ENGINE')
      .map(([name, value]) => [name, value.replaceAll(/\$\{\w+:-(.*?)\}/g, '$1')]),
  )

test('every file that the image copies or runs exists and is in the build context', () => {
  const copied = stages.flatMap(({ instructions }) =>
    instructions
      .filter(({ name, value }) => name === 'COPY' && !value.startsWith('--'))
      .flatMap(({ value }) => value.split(' ').slice(0, -1)),
  )
  assert.ok(copied.length >= 8)
  for (const path of copied) {
    assert.ok(existsSync(path), `there is no ${path}`)
    assert.ok(isInContext(dockerignore, path), `.dockerignore leaves out ${path}`)
  }
  for (const path of ['data', 'data/key', 'keys', '.git', 'node_modules', 'bench', 'test'])
    assert.ok(!isInContext(dockerignore, path), `${path} gets into the build`)
  // what set-up imports
  for (const path of importedFrom('scripts/setup.mjs'))
    assert.ok(isInContext(dockerignore, path), `.dockerignore leaves out ${path}`)

  const commands = [
    ...runnable.map(stage => JSON.parse(lastValue(stage, 'CMD')!) as string[]),
    ...Object.values(base.services).flatMap(({ command, healthcheck }) => [
      Array.isArray(command) ? command : [],
      healthcheck?.test?.slice(1) ?? [],
    ]),
  ].filter(command => command[0] === 'node' && command[1] !== '-e')
  assert.ok(commands.length >= 3)
  for (const [, script] of commands) assert.ok(existsSync(script!), `there is no ${script}`)
})

function importedFrom(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found
  found.add(path)
  for (const [, target] of readFileSync(path, 'utf8').matchAll(/from '(\.[^']+)'/g))
    importedFrom(normalize(join(path, '..', target!)), found)
  return found
}

test('the image needs no root, has a supported Node, and reports its health', () => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8'))
  const [, node] = /^ARG NODE=(\d+)-/m.exec(readFileSync('Dockerfile', 'utf8')) ?? []
  assert.ok(Number(node) >= Number(/\d+/.exec(engines.node)![0]), `${node}, ${engines.node}`)
  assert.equal(stages.at(-1)!.name, 'server', 'the last stage is what `docker build` makes')
  for (const stage of runnable) {
    assert.match(lastValue(stage, 'USER')!, /^[1-9]\d*:[1-9]\d*$/, `${stage} runs as a number`)
    assert.match(lastValue(stage, 'HEALTHCHECK')!, /\/healthz/)
    assert.match(lastValue(stage, 'ENTRYPOINT')!, /tini/)
    assert.ok(
      lastValue(stage, 'HEALTHCHECK')!.includes(`TRAINYARD_PORT || ${readConfig({}).port}`),
      'the default port',
    )
  }
})

test('each service of Compose is what the overrides name, and none but Redis writes outside its volume', () => {
  assert.deepEqual(Object.keys(base.services), ['redis', 'api', 'worker'])
  for (const { services, secrets = {} } of overrides) {
    for (const [name, { secrets: used = [], environment = {} }] of Object.entries(services)) {
      assert.ok(base.services[name], `there is no service ${name}`)
      for (const secret of used) {
        assert.ok(secrets[secret], `there is no secret ${secret}`)
        assert.ok(Object.values(environment).includes(`/run/secrets/${secret}`))
      }
    }
  }
  for (const name of ['api', 'worker']) assert.equal(base.services[name]!.read_only, true)
  // so that with GPUs no worker without one runs beside it
  const gpuBuild = overrides[0]!.services.worker!.build as { args: Record<string, string> }
  assert.equal(gpuBuild.args.ENGINE, 'cuda')
  assert.ok(stages[0]!.instructions.some(({ value }) => value.startsWith('ENGINE=')))
})

test('the page of operations explains every variable of Compose', () => {
  const files = [
    'docker-compose.yml',
    ...readdirSync('deploy/docker').map(f => `deploy/docker/${f}`),
  ]
  const page = readFileSync('docs/operations.md', 'utf8')
  const names = files.flatMap(file =>
    [...readFileSync(file, 'utf8').matchAll(/\$\{(\w+)/g)].map(([, name]) => name!),
  )
  assert.ok(names.length >= 5)
  for (const name of names) assert.ok(page.includes(`\`${name}\``), `${name} is not explained`)
})
