import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** The scripts are plain JavaScript outside the build, so they come by address and without types. */
export const importScript = (name: string) =>
  import(new URL(`../../../scripts/${name}`, import.meta.url).href)

/** Runs a program that imports the scripts in a process of its own. */
export function spawnScript(source: string, environment: NodeJS.ProcessEnv = {}): ChildProcess {
  const base = new URL('../../../scripts/', import.meta.url).href
  const program = `const script = name => import(${JSON.stringify(base)} + name)\n${source}`
  return spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  })
}

/** Everything a process prints, and its exit status. */
export async function waitForOutput(
  child: ChildProcess,
): Promise<{ status: number; output: string }> {
  let output = ''
  child.stdout?.on('data', part => (output += part))
  child.stderr?.on('data', part => (output += part))
  const [status] = await once(child, 'close')
  return { status, output }
}
