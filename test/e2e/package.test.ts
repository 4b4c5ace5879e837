// The npm package as a stranger installs it: into an empty folder, without the checkout.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { TestDeployment } from '../../testing/test-deployment.js'

const run = promisify(execFile)
const checkout = resolve('.')
const notBuilt =
  !existsSync('dist/.inputs') && 'dist/ has no package: `npm run build` makes it, tsc does not'

let folder: string
let deployment: TestDeployment
const installed = (...names: string[]) => join(folder, 'node_modules', 'trainyard', ...names)

/** Nothing of the checkout's settings, and a home of its own. */
const environment = (): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: join(folder, 'home'),
  TRAINYARD_URL: deployment.url,
  TRAINYARD_KEY: deployment.key,
})

const trainyard = (...args: string[]) =>
  run(join(folder, 'node_modules', '.bin', 'trainyard'), args, {
    cwd: folder,
    env: environment(),
  })

before(async () => {
  if (notBuilt) return
  folder = await mkdtemp(join(tmpdir(), 'trainyard-package-'))
  deployment = await TestDeployment.open({ TRAINYARD_SPARE_TRAINERS: 'off' })
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: checkout })
  const [tarball] = (await readdir(folder)).filter(name => name.endsWith('.tgz'))
  await mkdir(join(folder, 'home'))
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  await run('npm', ['install', '--no-audit', '--no-fund', `./${tarball}`], { cwd: folder })
})

after(async () => {
  if (notBuilt) return
  await deployment.close()
  await rm(folder, { recursive: true, force: true })
})

test('it brings one dependency and no script that npm would run', { skip: notBuilt }, async () => {
  const manifest = JSON.parse(await readFile(installed('package.json'), 'utf8'))
  assert.deepEqual(Object.keys(manifest.dependencies), ['typebox'])
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) {
    assert.equal(manifest.scripts[name], undefined)
  }
  const names = (await readdir(join(folder, 'node_modules'))).filter(name => !name.startsWith('.'))
  assert.deepEqual(names.toSorted(), ['trainyard', 'typebox'])
})

test('it holds what it needs, and no tests, keys or data', { skip: notBuilt }, async () => {
  const entries = await readdir(installed(), { recursive: true, withFileTypes: true })
  const paths = entries
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(installed().length + 1))
  for (const path of [
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
    'dist/THIRD_PARTY_LICENSES.txt',
    'dist/server-package-lock.json',
    'dist/bundle/demo/demo.js',
    'dist/dashboard/files.json',
    'dist/client/client.js',
    'native/image-resize.cc',
  ]) {
    assert.ok(paths.includes(path), path)
  }
  const unwanted =
    /^(test|testing|bench|chaos|src|workers|data|node_modules)\/|\.(test\.js|tsbuildinfo|log|env|pem)$|(^|\/)(keys?|keys\.json|\.npmrc|trainyard\.env)$/
  assert.deepEqual(
    paths.filter(path => unwanted.test(path)),
    [],
  )
  for (const path of paths.filter(name => /\.(m?js|json|ts)$/.test(name))) {
    const text = await readFile(installed(path), 'utf8')
    assert.ok(!/\bty_[\w-]{43}\b/.test(text), `${path} has a key`)
  }
})

test('its command line speaks to a server', { skip: notBuilt }, async () => {
  const { stdout: help } = await trainyard('--help')
  assert.match(help, /Usage: trainyard/)
  const { stdout: list } = await trainyard('ls', '--json')
  assert.deepEqual(JSON.parse(list), [])
  const { version } = JSON.parse(await readFile('package.json', 'utf8'))
  const { stdout: status } = await trainyard('status', '--json')
  assert.equal(JSON.parse(status).version, version)
})

test('doctor says that the server is not set up yet, and how it is', {
  skip: notBuilt,
}, async () => {
  const env = { ...environment(), TRAINYARD_URL: '', TRAINYARD_PORT: '0' }
  const bin = join(folder, 'node_modules', '.bin', 'trainyard')
  const child = spawn(bin, ['doctor', '--json'], { cwd: folder, env })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text
  })
  const code = await new Promise(done => child.once('close', done))
  const checks = JSON.parse(stdout) as { name: string; status: string; cure: string | null }[]
  const packages = checks.find(({ name }) => name === 'packages')
  assert.deepEqual([code, packages?.status], [1, 'failed'])
  assert.match(packages!.cure!, /trainyard setup/)
})

test('JavaScript imports the client', { skip: notBuilt }, async () => {
  await writeFile(
    join(folder, 'list.js'),
    `import { Client } from 'trainyard/client'
const client = new Client()
console.log(JSON.stringify(await client.jobs.list()))
`,
  )
  const { stdout } = await run(process.execPath, ['list.js'], { cwd: folder, env: environment() })
  assert.deepEqual(JSON.parse(stdout).items, [])
})

test('TypeScript knows its types, those of its dependency included', {
  skip: notBuilt,
}, async () => {
  await writeFile(
    join(folder, 'right.ts'),
    `import { Client, ProblemError } from 'trainyard/client'
const client = new Client({ url: 'http://127.0.0.1:8080', key: 'ty_0123456789' })
export async function names(): Promise<string[]> {
  try {
    const { items } = await client.jobs.list({ limit: 5 })
    return items.map(job => \`\${job.name} \${job.status satisfies string}\`)
  } catch (error) {
    if (error instanceof ProblemError) return [error.code]
    throw error
  }
}
`,
  )
  await writeFile(
    join(folder, 'wrong.ts'),
    `import { Client } from 'trainyard/client'
const client = new Client()
export const count: number = (await client.jobs.list()).items[0]!.name
`,
  )
  const tsc = join(checkout, 'node_modules', 'typescript', 'bin', 'tsc')
  const check = (file: string) =>
    run(
      process.execPath,
      [
        tsc,
        ...['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false'],
        ...['--target', 'es2023', '--lib', 'es2023,dom,dom.asynciterable', '--types', ''],
        ...['--module', 'nodenext', file],
      ],
      { cwd: folder },
    )
  await check('right.ts')
  await assert.rejects(check('wrong.ts'), ({ stdout }: { stdout: string }) =>
    /wrong\.ts\(3,14\): error TS2322/.test(stdout),
  )
})
