import { availableParallelism } from 'node:os'
import { engineEnvironment } from '../engine/environment.js'
import { askChild } from '../ipc/ask-child.js'
import { ChildExitError, ChildKilledError } from '../ipc/child-errors.js'
import { scriptPath } from '../places.js'
import type { DatasetManifest } from '../spec/dataset.js'
import type { ConversionResult, ConversionTask } from './conversion.js'
import type { ConversionProgress, ReportProgress } from './conversion-input.js'
import type { ComparisonTask, RecordComparison } from './derived/comparison.js'
import type { DerivationTask } from './derived/derivation.js'
import type { Derived } from './derived/derived-content.js'
import { conversionKilled, fileError } from './errors.js'

/** Far more than any valid record needs. */
const maxHeapMiB = 192

/**
 * Of the processes that read and write data sets. Their heap is small but they make many arrays, whose bytes V8 counts,
 * so it collects garbage often: threads that help take more time than they save. Marking in steps would wait for a turn
 * of the event loop, which comes after the rows, while arrays that are garbage take memory. `bench/` starts its
 * subject with these flags, too.
 */
export const conversionFlags = [
  `--max-old-space-size=${maxHeapMiB}`,
  '--single-threaded-gc',
  '--no-incremental-marking',
]

/** Decoding takes them from trainers. */
const maxCores = 4

const script = scriptPath('src/datasets/conversion-process')
const derivationScript = scriptPath('src/datasets/derivation-process')
const comparisonScript = scriptPath('src/datasets/comparison-process')

/**
 * Converts in a process of its own, for two reasons: the API's event loop must not wait for a data
 * set, and a record that fills the memory must end only its reader. (V8 may end the whole process
 * if the heap of a worker thread is full.) `signal` kills the process, and its reason is thrown.
 */
export function runConversion(
  task: ConversionTask,
  control: ConversionControl = {},
): Promise<ConversionResult> {
  return askConverter(task, 'conversion', script, task.files[0]!.name, control)
}

/** Derives a data set in such a process, too. */
export function runDerivation(
  task: DerivationTask,
  control: ConversionControl = {},
): Promise<Derived<DatasetManifest>> {
  return askConverter(task, 'derivation', derivationScript, task.source.manifest.name, control)
}

/** Compares the records of two data sets in such a process, too. */
export function runComparison(task: ComparisonTask): Promise<RecordComparison> {
  return askConverter(task, 'comparison', comparisonScript, task.one.manifest.name, {})
}

interface ConversionControl {
  signal?: AbortSignal
  onProgress?: ReportProgress
  onWarning?: (message: string) => void
}

async function askConverter<Task extends object, Answer>(
  task: Task,
  name: string,
  script: string,
  file: string,
  { signal, onProgress, onWarning }: ConversionControl,
): Promise<Answer> {
  try {
    return await askChild<Task, Answer, ConversionProgress>(task, {
      name,
      script,
      execArgv: conversionFlags,
      // The child reads untrusted files, so it gets no secrets. V8 would write to stderr if its heap is full.
      env: {
        ...engineEnvironment({ cores: Math.min(maxCores, availableParallelism()), gpus: '' }),
        // by default glibc keeps memory for each thread of TensorFlow: 30 MB more
        MALLOC_ARENA_MAX: '2',
      },
      stderr: 'ignore',
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
      ...(onWarning && { onWarning }),
    })
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    if (error instanceof ChildKilledError) throw conversionKilled(error)
    if (!(error instanceof ChildExitError)) throw error
    if (!error.heapIsFull) throw conversionKilled(error)
    const detail = `a record takes more than ${maxHeapMiB} MiB to read`
    throw fileError('DATASET_TOO_LARGE', { file }, detail)
  }
}
