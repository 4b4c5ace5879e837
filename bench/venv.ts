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

  const { packages, withoutDependencies = [] } = pinned
  const started = performance.now()
  console.error(
    `bench: creating ${folder} with ${[...packages, ...withoutDependencies].join(', ')} ...`,
  )
  await mkdir(cacheFolder(), { recursive: true })
  await rm(folder, { recursive: true, force: true })
  await run(
    await systemPython(pinned),
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

async function systemPython({
  minPythonMinor: minMinor = supportedPythons.minMinor,
  needsSharedPython = false,
}: Packages): Promise<string> {
  const { maxMinor } = supportedPythons
  const rejected: string[] = []
  for (const name of pythons) {
    // a missing Python fails, and so do the stubs of version managers
    const facts = await execute(name, ['-c', pythonFacts], { timeout: 10_000 }).catch(() => null)
    if (!facts) continue
    const [minor, isShared] = JSON.parse(facts.stdout) as [number, boolean]
    const isFitting = minor >= minMinor && minor <= maxMinor
    if (isFitting && (isShared || !needsSharedPython)) return name
    rejected.push(`${name} is 3.${minor}${isFitting ? ' without a shared library' : ''}`)
  }
  const found = rejected.join(', ') || 'none'
  const shared = needsSharedPython ? ' as a shared library' : ''
  throw new BenchError(
    `the peers need Python 3.${minMinor} to 3.${maxMinor}${shared}, found: ${found}; put one on the PATH`,
  )
}

const pythons = ['python3', 'python3.13', 'python3.12', 'python3.11', '/usr/bin/python3']
const pythonFacts = `import json, sys, sysconfig
print(json.dumps([sys.version_info.minor, bool(sysconfig.get_config_var('Py_ENABLE_SHARED'))]))`

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
