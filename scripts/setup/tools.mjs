import { readFileSync } from 'node:fs'
import { compiler } from './binding.mjs'
import { onPath, run, runToTheEnd } from './child.mjs'
import { missingWheels, needsCompiler } from './engine.mjs'
import { SetupError } from './failure.mjs'
import { step } from './progress.mjs'

const tools = {
  pip: {
    name: 'Python 3 with pip',
    apt: ['python3', 'python3-pip'],
    dnf: ['python3-pip'],
    brew: ['python'],
  },
  compiler: { name: 'a C++ compiler (g++)', apt: ['g++'], dnf: ['gcc-c++'], brew: ['gcc'] },
  redis: { name: 'redis-server', apt: ['redis-server'], dnf: ['redis'], brew: ['redis'] },
}

/** Only tests need it (browser.mjs). Fonts come with it: without any, a page shows no text. */
export const browserTool = {
  name: 'Chrome or Chromium',
  apt: ['chromium', 'fonts-dejavu-core'],
  dnf: ['chromium'],
  brew: ['--cask', 'google-chrome'],
}

/** The missing tools. A tool whose result is already in the cache is not needed. */
async function missingTools(plan) {
  const missing = []
  if (missingWheels(plan).length && !(await run('python3', ['-m', 'pip', '--version'])).ok) {
    missing.push(tools.pip)
  }
  if (needsCompiler(plan) && !compiler()) missing.push(tools.compiler)
  if (redisMissing()) missing.push(tools.redis)
  return missing
}

/** With REDIS_URL, no redis-server is needed here. */
export const redisMissing = () => !process.env.REDIS_URL && !onPath('redis-server')

/** Installs missing tools if root on Debian or Ubuntu; otherwise throws an error with the command to run. */
export async function ensureTools(plan, isRoot = process.getuid() === 0) {
  const missing = await missingTools(plan)
  if (!missing.length) return
  if (!mayInstall(isRoot)) {
    const names = missing.map(({ name }) => name).join(', ')
    throw new SetupError(`missing on this machine: ${names}`, cure(missing, isRoot))
  }
  await installTools(missing)
  const still = await missingTools(plan)
  if (still.length)
    throw new SetupError(`still missing: ${still.map(({ name }) => name).join(', ')}`)
}

export const mayInstall = isRoot => isRoot && isDebian()

export async function installTools(missing) {
  const names = missing.map(({ name }) => name).join(', ')
  await step('updating the package lists', () => apt(missing, ['update']))
  await step(`installing ${names}`, () =>
    apt(missing, ['install', '-y', '--no-install-recommends', ...packages(missing, 'apt')]),
  )
}

// Debian starts a daemon when it installs it, unless this policy file forbids it. The shell removes the
// file, so it is removed even if set-up is killed.
const withoutServices = `policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\\nexit 101\\n' >$policy && chmod +x $policy
fi
"$@"`

async function apt(missing, args) {
  const wait = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3']
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  const command = ['apt-get', '-q', ...wait, ...args]
  const once = () =>
    args[0] === 'update'
      ? run(command[0], command.slice(1), { ...options, tied: true })
      : runToTheEnd('sh', ['-c', withoutServices, 'sh', ...command], options)
  let { ok, tail } = await once()
  if (!ok && tail.includes('dpkg --configure -a')) {
    // an earlier installation was interrupted
    await runToTheEnd('dpkg', ['--configure', '-a'], options)
    ;({ ok, tail } = await once())
  }
  if (ok) return
  const reasons = tail.split('\n').filter(line => /^(E|W|Err):|error/i.test(line))
  throw new SetupError(
    `apt-get ${args[0]} failed:\n  ${(reasons.length ? reasons : [tail]).slice(-4).join('\n  ')}`,
    `fix that, or install by hand: ${cure(missing, true)}`,
  )
}

const isDebian = () =>
  /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release()) && Boolean(onPath('apt-get'))

export const isUbuntu = () => /^ID(_LIKE)?=.*ubuntu/m.test(release())

function release() {
  try {
    return readFileSync('/etc/os-release', 'utf8')
  } catch {
    return '' // macOS
  }
}

const packages = (missing, manager) => missing.flatMap(tool => tool[manager])

/** The command that installs one of the tools. */
export const cureOf = name => cure([tools[name]], process.getuid() === 0)

/** The command that installs the missing tools. */
export function cure(missing, isRoot) {
  const sudo = !isRoot && onPath('sudo') ? 'sudo ' : ''
  const who = isRoot || sudo ? '' : 'as root, '
  if (isDebian()) {
    const install = `apt-get install -y --no-install-recommends ${packages(missing, 'apt').join(' ')}`
    return `${who}${sudo}apt-get update && ${sudo}${install}`
  }
  if (process.platform === 'darwin') return `brew install ${packages(missing, 'brew').join(' ')}`
  if (onPath('dnf')) return `${who}${sudo}dnf install -y ${packages(missing, 'dnf').join(' ')}`
  return "install them with the system's package manager, then run the same command again"
}
