import { execFile, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BenchError } from './failure.js'
import { cacheFolder } from './paths.js'
import {
  type EnvironmentName,
  environments,
  type Packages,
  supportedPythons,
} from './peer-versions.js'

const execute = promisify(execFile)

const installTimeoutMs = 30 * 60_000

/** Returns the Python of a peer's environment. Creates the environment if it is missing or its packages have changed. */
export async function pythonOf(name: EnvironmentName, kind: 'cpu' | 'cuda'): Promise<string> {
  const folder = join(cacheFolder(), `${name}-${kind}`)
  const python = join(folder, 'bin', 'python')
  const stamp = join(folder, 'trainyard-bench.json')
  const pinned: Packages = environments[name][kind]
  const wanted = JSON.stringify(pinned)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python

  const { packages, withoutDependencies = [], minPythonMinor = supportedPythons.minMinor } = pinned
  const started = performance.now()
  console.error(
    `bench: creating ${folder} with ${[...packages, ...withoutDependencies].join(', ')} ...`,
  )
  await mkdir(cacheFolder(), { recursive: true })
  await rm(folder, { recursive: true, force: true })
  await run(
    await systemPython(minPythonMinor),
    ['-m', 'venv', folder],
    'to install the module: apt-get install python3-venv',
  )
  const retryHint = 'check the network and the disk, then run the same command again'
  const install = ['-m', 'pip', 'install', '--no-input', '--progress-bar=off', '--quiet']
  await run(python, [...install, ...packages], retryHint)
  if (withoutDependencies.length > 0)
    await run(python, [...install, '--no-deps', ...withoutDependencies], retryHint)
  // written last, so that an interrupted environment has no stamp
  await writeFile(stamp, wanted)
  console.error(`bench: created it in ${((performance.now() - started) / 1000).toFixed(0)} s`)
  return python
}

async function systemPython(minMinor: number): Promise<string> {
  const { maxMinor } = supportedPythons
  const rejected: string[] = []
  for (const name of ['python3', 'python3.13', 'python3.12', 'python3.11']) {
    // a missing Python fails, and so do the stubs of version managers
    const version = await execute(name, ['--version'], { timeout: 10_000 }).catch(() => undefined)
    const minor = Number(version?.stdout.match(/Python 3\.(\d+)/)?.[1])
    if (minor >= minMinor && minor <= maxMinor) return name
    if (minor) rejected.push(`${name} is 3.${minor}`)
  }
  const found = rejected.join(', ') || 'none'
  throw new BenchError(
    `the peers need Python 3.${minMinor} to 3.${maxMinor}, found: ${found}; put one on the PATH`,
  )
}

/** Runs a program with its output on stderr, because stdout is for the results. */
function run(command: string, args: readonly string[], hint: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (what: string) =>
      reject(new BenchError(`${command} ${args.join(' ')} ${what}; ${hint}`))
    spawn(command, args, { stdio: ['ignore', 2, 2], timeout: installTimeoutMs })
      .on('error', ({ message }) => fail(`did not start: ${message}`))
      .on('close', (status, signal) => {
        if (status === 0) resolve()
        else if (signal)
          fail(`was ended by ${signal}; it may take ${installTimeoutMs / 60_000} min`)
        else fail(`exited with status ${status}`)
      })
  })
}
