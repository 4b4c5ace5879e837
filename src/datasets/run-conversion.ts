import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ConversionResult, ConversionTask } from './conversion.js'
import type { ConversionResponse } from './conversion-process.js'
import { deserializeError, fileError } from './errors.js'

/** Much more than any honest record needs. */
const maxHeapMiB = 192

const script = fileURLToPath(new URL('./conversion-process.js', import.meta.url))

/**
 * Converts in a process of its own: the API's event loop must not wait for a data set, and a record
 * made to fill the memory ends its reader alone. (In a thread V8 sometimes takes the whole process.)
 */
export async function runConversion(task: ConversionTask): Promise<ConversionResult> {
  const child = fork(script, [], {
    execArgv: [`--max-old-space-size=${maxHeapMiB}`],
    // it reads what strangers send: it gets no secrets, and what V8 says at its end is for nobody
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  })
  const responded = once(child, 'message') as Promise<[ConversionResponse]>
  const exited = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>
  try {
    child.send(task)
    const [response] = await Promise.race([
      responded,
      exited.then(exit => throwExitError(task, exit)),
    ])
    if ('error' in response) throw deserializeError(response.error)
    return response.conversion
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}

function throwExitError(
  { files }: ConversionTask,
  [code, signal]: readonly [number | null, string | null],
): never {
  const exit = signal ?? `exit code ${code}`
  // V8 aborts when its heap is full
  if (signal !== 'SIGABRT' && code !== 134) throw new Error(`the conversion ended with ${exit}`)
  const detail = `a record takes more than ${maxHeapMiB} MiB to read`
  throw fileError('DATASET_TOO_LARGE', { file: files[0]!.name }, detail)
}
