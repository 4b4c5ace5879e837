// The entry point of the process that `runConversion` starts.
import { TrainyardError } from '../errors.js'
import { storageTrouble } from '../store/storage-errors.js'
import { type Conversion, type ConversionTask, convert } from './conversion.js'
import { type PlainError, toPlain } from './errors.js'

export type ConversionAnswer = { conversion: Conversion } | { error: PlainError }

process.once('message', (task: ConversionTask) => {
  process.send?.(answer(task), () => process.disconnect())
})

function answer(task: ConversionTask): ConversionAnswer {
  try {
    return { conversion: convert(task) }
  } catch (caught) {
    const error = storageTrouble(caught)
    if (!(error instanceof TrainyardError)) throw error
    return { error: toPlain(error) }
  }
}
