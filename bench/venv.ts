import { execFile, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BenchError } from './failure.js'
import { cacheFolder } from './paths.js'
import { type EnvironmentName, environments, type Packages, pythons } from './peer-versions.js'

const execute = promisify(execFile)

/** The Python of a peer's environment, which is made first where it is missing or not as pinned. */
export async function pythonOf(name: EnvironmentName, kind: 'cpu' | 'cuda'): Promise<string> {
  const folder = join(cacheFolder(), `${name}-${kind}`)
  const python = join(folder, 'bin', 'python')
  const stamp = join(folder, 'trainyard-bench.json')
  const pinned: Packages = environments[name][kind]
  const wanted = JSON.stringify(pinned)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python

  const { packages, alone = [], oldest = pythons.oldest } = pinned
  const started = performance.now()
  console.error(`bench: making ${folder} with ${[...packages, ...alone].join(', ')} ...`)
  await mkdir(cacheFolder(), { recursive: true })
  await rm(folder, { recursive: true, force: true })
  await run(await systemPython(oldest), ['-m', 'venv', folder], 'apt-get install python3-venv')
  const again = 'check the network and the disk, then run the same command again'
  const install = ['-m', 'pip', 'install', '--no-input', '--progress-bar=off', '--quiet']
  await run(python, [...install, ...packages], again)
  if (alone.length > 0) await run(python, [...install, '--no-deps', ...alone], again)
  // last: an environment without it is one that was interrupted
  await writeFile(stamp, wanted)
  console.error(`bench: made it in ${((performance.now() - started) / 1000).toFixed(0)} s`)
  return python
}

async function systemPython(oldest: number): Promise<string> {
  const { newest } = pythons
  const seen: string[] = []
  for (const name of ['python3', 'python3.13', 'python3.12', 'python3.11']) {
    // one that is missing fails, as version managers' stubs do, and the next may be there
    const asked = await execute(name, ['--version']).catch(() => undefined)
    const minor = Number(asked?.stdout.match(/Python 3\.(\d+)/)?.[1])
    if (minor >= oldest && minor <= newest) return name
    if (minor) seen.push(`${name} is 3.${minor}`)
  }
  const found = seen.join(', ') || 'there is none'
  throw new BenchError(
    `the peers need Python 3.${oldest} to 3.${newest}: ${found}; to mend it: put one on the PATH`,
  )
}

/** What the program prints is for whoever watches; standard output is the table's. */
function run(command: string, args: readonly string[], cure: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (what: string) =>
      reject(new BenchError(`${command} ${args.join(' ')} ${what}; to mend it: ${cure}`))
    spawn(command, args, { stdio: ['ignore', 2, 2] })
      .on('error', ({ message }) => fail(`did not start: ${message}`))
      .on('close', status => (status === 0 ? resolve() : fail(`ended with status ${status}`)))
  })
}
