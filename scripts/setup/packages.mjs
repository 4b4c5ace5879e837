import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onPath, run } from './child.mjs'
import { SetupError } from './failure.mjs'
import { installed, modules, root } from './places.mjs'
import { step } from './progress.mjs'

/** True if node_modules matches package-lock.json. */
export function packagesReady() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  const hash = createHash('sha256').update(lock).digest('hex')
  if (read(installed('packages')) === hash) return true
  if (!matches(JSON.parse(lock))) return false
  mkdirSync(installed(), { recursive: true })
  writeFileSync(installed('packages'), hash)
  return true
}

export async function installPackages() {
  refuseLink()
  await step('installing npm packages', async () => {
    const { ok, tail } = await npm(['ci', '--include=dev', '--ignore-scripts'], root)
    if (!ok) throw npmFailed(tail)
  })
  if (!packagesReady())
    throw npmFailed('node_modules does not match package-lock.json after the install')
}

/** npm would replace the packages of another checkout, which may run. */
function refuseLink() {
  if (!lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) return
  throw new SetupError(
    `${modules} is a link, and the packages there do not match package-lock.json`,
    'install them there, or remove the link',
  )
}

/** Runs npm: the one that runs this script, else the one in the PATH. */
export function npm(command, cwd) {
  const args = [...command, '--no-audit', '--no-fund', '--loglevel=error']
  const script = process.env.npm_execpath
  return script?.endsWith('npm-cli.js')
    ? run(process.execPath, [script, ...args], { cwd, tied: true })
    : run(onPath('npm') ?? 'npm', args, { cwd, tied: true })
}

/** npm writes node_modules/.package-lock.json last, so an interrupted install has none. */
function matches({ packages }) {
  const text = read(join(modules, '.package-lock.json'))
  if (!text) return false
  const present = JSON.parse(text).packages
  return Object.entries(packages).every(
    ([path, { version, integrity, optional, devOptional, link }]) =>
      path === '' ||
      link ||
      (present[path]
        ? present[path].version === version &&
          present[path].integrity === integrity &&
          existsSync(join(root, path))
        : optional || devOptional), // a package for another platform
  )
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // not installed yet
  }
}

export function npmFailed(tail) {
  const reasons = tail.split('\n').filter(line => /^npm (error|ERR!)(?!\s+at )/.test(line))
  const shown = (reasons.length ? reasons : tail.split('\n')).slice(0, 8)
  return new SetupError(
    `npm ci failed:\n  ${shown.join('\n  ')}`,
    /ENOSPC/.test(tail)
      ? 'the disk is full: free some space and run the same command again'
      : 'check the network, the proxy and the registry (`npm config list`), then run the same command again',
  )
}
