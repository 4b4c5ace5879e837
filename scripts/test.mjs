// npm test: set-up (whose build is the type check), lint, then tests from fast to slow. Stops after the
// first stage that fails.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setUpBrowser } from './setup/browser.mjs'
import { setUpClientGenerators } from './setup/client-generators.mjs'
import { main } from './setup/failure.mjs'
import { modules, root } from './setup/places.mjs'
import { setUpTestPackages } from './setup/test-packages.mjs'
import { setup } from './setup.mjs'
import { groupFiles } from './testing/groups.mjs'

const tests = join('dist', 'test')
const runFiles = join('scripts', 'testing', 'run-files.mjs')
const colours = process.stdout.isTTY ? [] : ['--colors=off']

await main(async () => {
  await stage('set-up and type check', async () => {
    await setup()
    await setUpTestPackages()
    await setUpClientGenerators()
    await setUpBrowser()
    return true
  })
  await stage('lint and format', () =>
    node([
      join(modules, '@biomejs', 'biome', 'bin', 'biome'),
      'ci',
      '--error-on-warnings',
      ...colours,
    ]),
  )
  const architecture = path => path === join(tests, 'architecture.test.js')
  await testStage('architecture', all => all.filter(architecture))
  const endToEnd = path => path.startsWith(join(tests, 'e2e'))
  await testStage('unit', all => all.filter(path => !architecture(path) && !endToEnd(path)))
  await testStage('end to end', all => all.filter(endToEnd))
})

async function stage(name, work) {
  if (process.exitCode) return
  const started = performance.now()
  console.log(`\n== ${name}`)
  const passed = await work()
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`== ${name}: ${passed ? 'passed' : 'FAILED'} after ${seconds} s`)
  if (!passed) process.exitCode = 1
}

async function testStage(name, choose) {
  if (process.exitCode) return
  const files = choose(testFiles())
  if (!files.length) return
  await stage(`${name} (${files.length} ${files.length === 1 ? 'file' : 'files'})`, () =>
    node([runFiles, ...groupFiles(files)]),
  )
}

function testFiles() {
  if (!existsSync(join(root, tests))) return []
  return readdirSync(join(root, tests), { recursive: true })
    .filter(name => name.endsWith('.test.js'))
    .map(name => join(tests, name))
    .sort()
}

/** Runs a Node program in the foreground. Ctrl-C in the terminal reaches it directly. */
function node(args) {
  return new Promise(resolve => {
    const env = { TF_CPP_MIN_LOG_LEVEL: '2', ...process.env }
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env })
    const forward = signal => child.kill(signal)
    process.once('SIGTERM', forward)
    const wait = () => {
      process.exitCode = 130
    }
    process.on('SIGINT', wait)
    child.on('close', status => {
      process.off('SIGTERM', forward).off('SIGINT', wait)
      resolve(status === 0)
    })
  })
}
