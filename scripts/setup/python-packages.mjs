import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { interruptible, onPath, run } from './child.mjs'
import { cacheFolder } from './engine.mjs'
import { SetupError } from './failure.mjs'
import { release, withLock } from './lock.mjs'
import { step } from './progress.mjs'
import { stage } from './staging.mjs'

const minMinor = 11

/**
 * Installs a Python program of the tests, which the server does not need, into the cache. Returns which
 * Python runs it, and from which folder. Downloads nothing if the cache has it.
 *
 * @param {{ name: string, title: string, requirements: string }} program `requirements`: a file with hashes
 */
export async function installPythonPackages({ name, title, requirements }) {
  const { python, version } = await findPython(title)
  const cache = cacheFolder()
  const folder = join(cache, `${name}-${key(requirements, version)}`)
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true })
    const lock = join(cache, 'setup.lock')
    await interruptible(
      () => release(lock),
      () => withLock(lock, () => install({ python, cache, folder, title, requirements })),
    )
  }
  return { python, folder }
}

/** Native packages are built for one version of Python. */
function key(requirements, version) {
  return createHash('sha256')
    .update(readFileSync(requirements))
    .update(`${process.platform} ${process.arch} ${version}`)
    .digest('hex')
    .slice(0, 16)
}

async function findPython(title) {
  const found = []
  for (const name of ['python3', 'python3.13', 'python3.12', 'python3.11']) {
    const python = onPath(name)
    if (!python) continue
    // a missing Python fails, and so do the stubs of version managers
    const { ok, tail } = await run(python, ['--version'])
    const [, version, minor] = (ok && tail.match(/Python (3\.(\d+))/)) || []
    if (Number(minor) >= minMinor) return { python, version }
    if (version) found.push(`${name} is ${version}`)
  }
  throw new SetupError(
    `the tests with ${title} need Python 3.${minMinor} or newer; found: ${found.join(', ') || 'none'}`,
    `install it (Debian: apt-get install python3 python3-pip) and run the same command again`,
  )
}

async function install({ python, cache, folder, title, requirements }) {
  // another set-up may have done it while this one waited for the lock
  if (existsSync(folder)) return
  const staging = await stage(cache)
  try {
    const contents = join(staging, 'contents')
    await step(`installing ${title}`, async () => {
      const { ok, tail } = await run(
        python,
        [
          ...['-m', 'pip', 'install', '--target', contents, '--require-hashes'],
          ...['--only-binary=:all:', '--no-deps', '--no-input', '--progress-bar=off'],
          ...['--disable-pip-version-check', '--requirement', requirements],
        ],
        // a user's setting `user = true` does not go with --target
        { env: { ...process.env, PIP_USER: '0', TMPDIR: staging }, tied: true },
      )
      if (!ok) throw pipFailed(python, title, tail)
    })
    await rename(contents, folder)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

function pipFailed(python, title, tail) {
  if (/No module named pip/.test(tail)) {
    return new SetupError(
      `${python} has no pip, which installs ${title}`,
      'install it (Debian: apt-get install python3-pip) and run the same command again',
    )
  }
  const reasons = tail.split('\n').filter(line => /error|warning|timed out/i.test(line))
  return new SetupError(
    `pip could not install ${title}:\n  ${(reasons.length ? reasons : [tail]).slice(-4).join('\n  ')}`,
    'check the network, and the index, proxy or mirror that `python3 -m pip config list` shows, then run the same command again',
  )
}
