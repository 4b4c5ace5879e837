// The entry point of the process that `runConversion` starts.
import { TrainyardError } from '../errors.js'
import { toStorageError } from '../store/storage-errors.js'
import { type ConversionResult, type ConversionTask, convert } from './conversion.js'
import { type SerializedError, serializeError } from './errors.js'

export type ConversionResponse = { conversion: ConversionResult } | { error: SerializedError }

process.once('message', (task: ConversionTask) => {
  process.send?.(handleTask(task), () => process.disconnect())
})

function handleTask(task: ConversionTask): ConversionResponse {
  try {
    return { conversion: convert(task) }
  } catch (caught) {
    const error = toStorageError(caught)
    if (!(error instanceof TrainyardError)) throw error
    return { error: serializeError(error) }
  }
}
