// The entry point of the thread that `runConversion` starts.
import { parentPort, workerData } from 'node:worker_threads'
import { TrainyardError } from '../errors.js'
import { storageTrouble } from '../store/trouble.js'
import { type Conversion, convert } from './conversion.js'
import { type PlainError, toPlain } from './errors.js'

export type ConversionAnswer = { conversion: Conversion } | { error: PlainError }

let answer: ConversionAnswer
try {
  answer = { conversion: convert(workerData) }
} catch (caught) {
  const error = storageTrouble(caught)
  if (!(error instanceof TrainyardError)) throw error
  answer = { error: toPlain(error) }
}
parentPort!.postMessage(answer)
