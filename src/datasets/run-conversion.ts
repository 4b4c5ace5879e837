import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { engineEnvironment } from '../engine/environment.js'
import { askChild, ChildExitError, ChildKilledError } from '../ipc/ask-child.js'
import type { ConversionResult, ConversionTask } from './conversion.js'
import type { ConversionProgress, ReportProgress } from './conversion-input.js'
import { conversionKilled, fileError } from './errors.js'

/** Far more than any valid record needs. */
const maxHeapMiB = 192

/** Decoding takes them from trainers. */
const maxCores = 4

const script = fileURLToPath(new URL('./conversion-process.js', import.meta.url))

/**
 * Converts in a process of its own, for two reasons: the API's event loop must not wait for a data
 * set, and a record that fills the memory must end only its reader. (V8 may end the whole process
 * if the heap of a worker thread is full.) `signal` kills the process, and its reason is thrown.
 */
export async function runConversion(
  task: ConversionTask,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: ReportProgress } = {},
): Promise<ConversionResult> {
  try {
    return await askChild<ConversionTask, ConversionResult, ConversionProgress>(task, {
      name: 'conversion',
      script,
      execArgv: [`--max-old-space-size=${maxHeapMiB}`],
      // The child reads untrusted files, so it gets no secrets. V8 would write to stderr if its heap is full.
      env: engineEnvironment({ cores: Math.min(maxCores, availableParallelism()), gpus: '' }),
      stderr: 'ignore',
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
    })
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    if (error instanceof ChildKilledError) throw conversionKilled(error)
    if (!(error instanceof ChildExitError)) throw error
    if (!error.heapIsFull) throw conversionKilled(error)
    const detail = `a record takes more than ${maxHeapMiB} MiB to read`
    throw fileError('DATASET_TOO_LARGE', { file: task.files[0]!.name }, detail)
  }
}
