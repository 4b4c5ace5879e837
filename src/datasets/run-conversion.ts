import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Conversion, ConversionTask } from './conversion.js'
import type { ConversionAnswer } from './conversion-process.js'
import { fileError, fromPlain } from './errors.js'

/** Much more than any honest record needs. */
const heapMiB = 192

const script = fileURLToPath(new URL('./conversion-process.js', import.meta.url))

/**
 * Converts in a process of its own: the API's event loop must not wait for a data set, and a record
 * made to fill the memory ends its reader alone. (In a thread V8 sometimes takes the whole process.)
 */
export async function runConversion(task: ConversionTask): Promise<Conversion> {
  const child = fork(script, [], {
    execArgv: [`--max-old-space-size=${heapMiB}`],
    // it reads what strangers send: it gets no secrets, and what V8 says at its end is for nobody
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  })
  const answered = once(child, 'message') as Promise<[ConversionAnswer]>
  const ended = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>
  try {
    child.send(task)
    const [answer] = await Promise.race([answered, ended.then(how => died(task, how))])
    if ('error' in answer) throw fromPlain(answer.error)
    return answer.conversion
  } finally {
    child.kill('SIGKILL')
    await ended
  }
}

function died(
  { files }: ConversionTask,
  [code, signal]: readonly [number | null, string | null],
): never {
  const how = signal ?? `exit code ${code}`
  // V8 aborts when its heap is full
  if (signal !== 'SIGABRT' && code !== 134) throw new Error(`the conversion ended with ${how}`)
  const trouble = `a record takes more than ${heapMiB} MiB to read`
  throw fileError('DATASET_TOO_LARGE', { file: files[0]!.name }, trouble)
}
