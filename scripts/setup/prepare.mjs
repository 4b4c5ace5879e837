import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { checkNode, setUpClient, setup } from '../setup.mjs'
import { builtAt } from './build.mjs'
import { SetupError } from './failure.mjs'
import { isCheckout, root } from './places.mjs'
import { say } from './progress.mjs'
import { ensureServerHome, isPackage } from './server-home.mjs'

/** Commands that run the server, and so need all of it; others speak to one. */
const serverCommands = ['demo', 'start', 'up', 'setup', 'backup', 'store']

const dist = join(root, 'dist')
const bundled = join(dist, 'bundle', 'src', 'cli', 'main.js')
const compiled = join(dist, 'src', 'cli', 'main.js')

/** Makes ready what the command needs. Returns the script that runs it. */
export async function prepare(args) {
  checkNode()
  const command = commandOf(args)
  const needsServer = serverCommands.includes(command) && !isHelp(args)
  if (isPackage) {
    if (!existsSync(bundled)) throw notBuilt()
    return needsServer ? join(await ensureServerHome(), 'bin', 'trainyard.mjs') : bundled
  }
  if (needsServer) await setup({ complete: command === 'setup' })
  return needsServer || !isCheckout ? bundled : clientScript()
}

/** The first argument that is no option of the program. */
function commandOf(args) {
  for (let i = 0; i < args.length; i++) {
    if (['--url', '--key'].includes(args[i])) i++
    else if (!args[i].startsWith('-')) return args[i]
  }
}

const isHelp = args => args.some(arg => ['-h', '--help', '-V', '--version'].includes(arg))

/** In a checkout: what is built of the current sources, else an older build, with a word. */
async function clientScript() {
  const bundledAt = existsSync(bundled) ? builtAt() : undefined
  const compiledAt = existsSync(compiled)
    ? statSync(join(dist, '.tsbuildinfo'), { throwIfNoEntry: false })?.mtimeMs
    : undefined
  if (bundledAt === undefined && compiledAt === undefined) {
    await setUpClient()
    return bundled
  }
  const changedAt = newestSource()
  if (bundledAt >= changedAt) return bundled
  if (compiledAt >= changedAt) return compiled
  say('the sources have changed since they were built; `npm run build` builds them again')
  return compiledAt > (bundledAt ?? 0) ? compiled : bundled
}

/** When a file of the command line was changed last. To look at all sources would take longer than most commands. */
function newestSource() {
  const times = ['src/cli', 'src/client', 'src/spec'].flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true })
      .filter(name => name.endsWith('.ts'))
      .map(name => statSync(join(root, folder, name)).mtimeMs),
  )
  return Math.max(...times)
}

const notBuilt = () =>
  new SetupError(
    'this package was made of a checkout that was not built, so it holds no program',
    'in the checkout, run `npm run pack`, and install the package that it makes',
  )
