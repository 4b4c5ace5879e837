// The commands about the server itself (docs/cli.md), as a person runs them: one server, started by `trainyard up`.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import type { Check } from '../../src/cli/server/checks/check.js'
import { findHolder } from '../../src/folder-holder.js'
import { scriptPath } from '../../src/places.js'
import { freePort } from '../../testing/free-port.js'
import { findProcessesOf } from '../../testing/processes.js'
import { type CommandOptions, runCommand, runInTerminal } from '../../testing/trainyard-command.js'

let home: string
let data: string
let url: string
const key = async () => (await readFile(join(data, 'key'), 'utf8')).trim()
const savedServers = () => join(home, '.config', 'trainyard', 'servers.json')

function options(more: Partial<CommandOptions> = {}): CommandOptions {
  const settings = { TRAINYARD_DATA: data, TRAINYARD_SPARE_TRAINERS: 'off' }
  // the engine lies in the cache of whoever runs the tests
  const { XDG_CACHE_HOME = join(process.env.HOME ?? '', '.cache') } = process.env
  return { home, ...more, environment: { ...settings, XDG_CACHE_HOME, ...more.environment } }
}

/** From a machine that has no data folder. */
const elsewhere = (more: Partial<CommandOptions> = {}) =>
  options({ ...more, environment: { TRAINYARD_DATA: join(home, 'none') } })

async function run(args: readonly string[], given = options()) {
  const result = await runCommand(args, given)
  return { ...result, json: <T>() => JSON.parse(result.stdout) as T }
}

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'trainyard-cli-server-'))
  data = join(home, 'data')
  const { code, stderr, json } = await run(['up', '--port', '0', '--json'])
  assert.equal(code, 0, stderr)
  const started = json<{ url: string; started: boolean; keyFile: string }>()
  assert.deepEqual([started.started, started.keyFile], [true, join(data, 'key')])
  url = started.url
})

after(async () => {
  for (const { pid } of await findProcessesOf(home)) process.kill(pid, 'SIGKILL')
  await rm(home, { recursive: true, force: true })
})

test('up says where the server is, and starts no second one', async () => {
  const { code, stdout, stderr } = await run(['up', '--port', '1'])
  assert.equal(code, 0)
  assert.match(stdout, new RegExp(`runs already, and listens on ${url}\n`))
  assert.match(stdout, /trainyard down/)
  assert.match(stderr, /not at port 1/)
})

test('the log of up has no key, and is for its owner alone', async () => {
  const path = join(data, 'server.log')
  const log = await readFile(path, 'utf8')
  assert.match(log, /Trainyard listens on/)
  assert.ok(!log.includes(await key()))
  assert.equal((await stat(path)).mode & 0o777, 0o600)
})

test('status finds the server of this machine at any port', async () => {
  const { code, stderr, json } = await run(['status', '--json'])
  assert.equal(code, 0, stderr)
  const { url: found, version } = json<{ url: string; version: string }>()
  assert.deepEqual([found, /^\d+\.\d+\.\d+/.test(version)], [url, true])
})

test('status fits into 40 columns', async () => {
  const { code, stdout } = await runInTerminal(['status'], 40, options())
  assert.equal(code, 0)
  const lines = stdout.split(/\r?\n/)
  assert.ok(lines.some(line => line.includes('worker')))
  const widest = Math.max(
    ...lines
      .map(line => stripVTControlCharacters(line))
      .filter(line => line.includes(' '))
      .map(line => line.length),
  )
  assert.ok(widest <= 48, `a line has ${widest} characters`)
})

test('doctor finds nothing wrong, and says what is when something is', async () => {
  const well = await run(['doctor', '--json'])
  const checks = well.json<Check[]>()
  const failures = checks.filter(({ status }) => status === 'failed')
  assert.deepEqual([failures, well.code], [[], 0])
  for (const name of ['node', 'packages', 'tensorflow', 'redis-server', 'disk', 'port', 'key']) {
    assert.ok(
      checks.some(each => each.name === name),
      name,
    )
  }
  await chmod(join(data, 'key'), 0o644)
  const { code, stdout } = await run(['doctor'])
  await chmod(join(data, 'key'), 0o600)
  assert.equal(code, 1)
  assert.match(stdout, /key file +failed: .*mode 0644/)
  assert.match(stdout, /To fix it: chmod 600/)
})

test('doctor names the program that has the port', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => other.close())
  await new Promise(resolve => other.once('listening', resolve))
  const port = String((other.address() as AddressInfo).port)
  const environment = { TRAINYARD_DATA: join(home, 'none'), TRAINYARD_PORT: port }
  const { code, json } = await run(['doctor', '--json'], options({ environment }))
  const found = json<Check[]>().find(({ name }) => name === 'port')
  assert.deepEqual([code, found?.status], [1, 'failed'])
  assert.match(found!.detail, new RegExp(`in use by process ${process.pid} `))
})

test('login keeps a key for the commands to come, and logout forgets it', async () => {
  const input = `${await key()}\n`
  const login = await run(['login', url], elsewhere({ input }))
  assert.equal(login.code, 0, login.stderr)
  assert.ok(!login.stdout.includes(input.trim()) && !login.stderr.includes(input.trim()))
  assert.equal((await stat(savedServers())).mode & 0o777, 0o600)
  assert.equal((await run(['ls', '--json'], elsewhere())).code, 0)
  const list = await run(['login', '--list', '--json'], elsewhere())
  assert.deepEqual(list.json(), [{ url, current: true }])
  assert.equal((await run(['logout'], elsewhere())).code, 0)
  assert.ok(!(await readFile(savedServers(), 'utf8')).includes(input.trim()))
  assert.equal((await run(['ls'], elsewhere())).code, 4)
})

test('login refuses a wrong key and an address without a server, and keeps neither', async () => {
  const wrong = await run(['login', url], elsewhere({ input: 'ty_wrong-wrong-wrong' }))
  assert.equal(wrong.code, 4)
  assert.match(wrong.stderr, /does not accept this key/)
  const nowhere = `http://127.0.0.1:${await freePort()}`
  const unreachable = await run(['login', nowhere], elsewhere({ input: await key() }))
  assert.equal(unreachable.code, 3, unreachable.stderr)
  assert.deepEqual((await run(['login', '--list', '--json'], elsewhere())).json(), [])
  assert.equal((await run(['login', 'here'], elsewhere({ input: 'x' }))).code, 2)
})

test('a server that is not there has the exit code 3, and a wrong key 4', async () => {
  const nowhere = { url: `http://127.0.0.1:${await freePort()}`, key: 'ty_0123456789abcdef' }
  assert.equal((await run(['status'], options(nowhere))).code, 3)
  assert.equal((await run(['status'], options({ url, key: 'ty_0123456789abcdef' }))).code, 4)
})

test('keys are added, listed, rotated and removed; the server heeds them after a restart', async () => {
  const made = await run(['keys', 'add', 'notebook', '--json'])
  assert.match(made.stderr, /after a restart/)
  const { key: added } = made.json<{ key: string }>()
  assert.equal((await run(['keys', 'add', 'notebook'])).code, 2)
  const former = await key()
  const rotated = (await run(['keys', 'rotate', '--json'])).json<{ key: string }>().key
  assert.equal((await run(['keys', 'show'])).stdout.trim(), rotated)
  const names = (await run(['keys', 'ls', '--json'])).json<{ name: string }[]>()
  assert.deepEqual(names.map(({ name }) => name).toSorted(), ['notebook', 'server'])
  assert.ok(!(await readFile(join(data, 'keys.json'), 'utf8')).includes(added))

  assert.equal((await run(['status'], options({ url, key: added }))).code, 4)
  assert.equal((await run(['down'])).code, 0)
  const again = await run(['up', '--port', new URL(url).port])
  assert.equal(again.code, 0, again.stderr)
  for (const each of [added, rotated]) {
    assert.equal((await run(['status'], options({ url, key: each }))).code, 0)
  }
  assert.equal((await run(['status'], options({ url, key: former }))).code, 4)
  assert.equal((await run(['keys', 'rm', 'notebook'])).code, 0)
  assert.equal((await run(['keys', 'rm', 'server'])).code, 2)
})

test('the shell completes commands, options, files and names', async () => {
  const complete = async (...words: string[]) =>
    (await run(['complete', '--', ...words])).stdout.trim().split('\n')
  const values = async (...words: string[]) =>
    (await complete(...words)).map(line => line.split('\t')[0])
  assert.deepEqual(await values('do'), ['down', 'doctor'])
  assert.deepEqual(await values('keys', 'ro'), ['rotate'])
  assert.deepEqual(await values('completion', 'z'), ['zsh'])
  assert.deepEqual(await values('up', '--po'), ['--port'])
  assert.deepEqual(await complete('up', '--data', ''), [':files'])
  const { stdout: script } = await run(['completion', 'bash'])
  const typed = 'trainyard $(touch evil) do'
  const shell = [
    `trainyard() { '${process.execPath}' "$CLI" "$@"; }`,
    script,
    `COMP_WORDS=(trainyard '$(touch evil)' ''); COMP_CWORD=1; _trainyard`,
    `COMP_WORDS=(trainyard do); COMP_CWORD=1; _trainyard; printf "%s\\n" "\${COMPREPLY[@]}"`,
  ].join('\n')
  const bash = spawnSync('bash', ['-c', shell], {
    cwd: home,
    encoding: 'utf8',
    env: { ...process.env, CLI: scriptPath('src/cli/main'), HOME: home },
  })
  assert.deepEqual(bash.stdout.trim().split('\n'), ['down', 'doctor'], bash.stderr)
  assert.ok(!(await stat(join(home, 'evil')).catch(() => null)), typed)
})

test('up says why a server does not start', async () => {
  const folder = join(home, 'broken')
  await mkdir(folder)
  await writeFile(join(folder, 'format.json'), '{"formatVersion":999}')
  const { code, stderr } = await run(['up', '--data', folder, '--port', '0'])
  assert.equal(code, 1)
  assert.match(
    stderr,
    /the server ended with exit code 1; the end of .*server\.log:\n[\s\S]*format version 999/,
  )
  const taken = await run(['up', '--data', join(home, 'second'), '--port', new URL(url).port])
  assert.equal(taken.code, 1)
  assert.match(taken.stderr, /EADDRINUSE|in use/)
  assert.equal((await run(['up', '--port', '70000'])).code, 2)
})

test('down stops the server, and says so if there is none', async () => {
  const { code, stdout } = await run(['down'])
  assert.deepEqual([code, stdout], [0, 'Trainyard has stopped.\n'])
  assert.equal(await findHolder(data), null)
  const again = await run(['down', '--json'])
  assert.deepEqual(
    [again.code, again.json()],
    [0, { stopped: false, dataFolder: data, runningJobs: null }],
  )
})
