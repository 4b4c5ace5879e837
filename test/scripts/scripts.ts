import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** Imports a script. The scripts are JavaScript outside the build, so the import has no types. */
export const importScript = (name: string) =>
  import(new URL(`../../../scripts/${name}`, import.meta.url).href)

/** Runs a program in a child process. In its source, `script(name)` imports a script. */
export function spawnScript(source: string, environment: NodeJS.ProcessEnv = {}): ChildProcess {
  const base = new URL('../../../scripts/', import.meta.url).href
  const program = `const script = name => import(${JSON.stringify(base)} + name)\n${source}`
  return spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  })
}

/** Waits until the process ends. Resolves to its exit status and all that it printed. */
export async function waitForOutput(
  child: ChildProcess,
): Promise<{ status: number; output: string }> {
  let output = ''
  child.stdout?.on('data', part => (output += part))
  child.stderr?.on('data', part => (output += part))
  const [status] = await once(child, 'close')
  return { status, output }
}
