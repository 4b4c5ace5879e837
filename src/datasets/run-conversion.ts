import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { codeOf } from '../store/trouble.js'
import type { Conversion, ConversionTask } from './conversion.js'
import type { ConversionAnswer } from './conversion-thread.js'
import { fileError, fromPlain } from './errors.js'

/** Much more than any honest record needs; what takes more is refused, and the process lives on. */
const heapMiB = 192

/** Converts in a thread, since the API's event loop must not wait for a data set. */
export async function runConversion(task: ConversionTask): Promise<Conversion> {
  const thread = new Worker(new URL('./conversion-thread.js', import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: heapMiB },
  })
  try {
    const [answer] = (await once(thread, 'message')) as [ConversionAnswer]
    if ('error' in answer) throw fromPlain(answer.error)
    return answer.conversion
  } catch (error) {
    if (codeOf(error) !== 'ERR_WORKER_OUT_OF_MEMORY') throw error
    const trouble = `a record takes more than ${heapMiB} MiB to read`
    throw fileError('DATASET_TOO_LARGE', { file: task.files[0]!.name }, trouble, error)
  } finally {
    await thread.terminate()
  }
}
