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

/** The Python of a peer's environment, which is made first where it is missing or not as pinned. */
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
    `bench: making ${folder} with ${[...packages, ...withoutDependencies].join(', ')} ...`,
  )
  await mkdir(cacheFolder(), { recursive: true })
  await rm(folder, { recursive: true, force: true })
  await run(
    await systemPython(minPythonMinor),
    ['-m', 'venv', folder],
    'apt-get install python3-venv',
  )
  const retryHint = 'check the network and the disk, then run the same command again'
  const install = ['-m', 'pip', 'install', '--no-input', '--progress-bar=off', '--quiet']
  await run(python, [...install, ...packages], retryHint)
  if (withoutDependencies.length > 0)
    await run(python, [...install, '--no-deps', ...withoutDependencies], retryHint)
  // last: an environment without it is one that was interrupted
  await writeFile(stamp, wanted)
  console.error(`bench: made it in ${((performance.now() - started) / 1000).toFixed(0)} s`)
  return python
}

async function systemPython(minMinor: number): Promise<string> {
  const { maxMinor } = supportedPythons
  const rejected: string[] = []
  for (const name of ['python3', 'python3.13', 'python3.12', 'python3.11']) {
    // one that is missing fails, as version managers' stubs do, and the next may be there
    const version = await execute(name, ['--version']).catch(() => undefined)
    const minor = Number(version?.stdout.match(/Python 3\.(\d+)/)?.[1])
    if (minor >= minMinor && minor <= maxMinor) return name
    if (minor) rejected.push(`${name} is 3.${minor}`)
  }
  const found = rejected.join(', ') || 'there is none'
  throw new BenchError(
    `the peers need Python 3.${minMinor} to 3.${maxMinor}: ${found}; to mend it: put one on the PATH`,
  )
}

/** What the program prints is for whoever watches; standard output is the table's. */
function run(command: string, args: readonly string[], hint: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (what: string) =>
      reject(new BenchError(`${command} ${args.join(' ')} ${what}; to mend it: ${hint}`))
    spawn(command, args, { stdio: ['ignore', 2, 2] })
      .on('error', ({ message }) => fail(`did not start: ${message}`))
      .on('close', status => (status === 0 ? resolve() : fail(`ended with status ${status}`)))
  })
}
