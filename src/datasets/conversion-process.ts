// The entry point of the process that `runConversion` starts.
import { answerParent } from '../ipc/answer-parent.js'
import { withStorageErrors } from '../store/storage-errors.js'
import { type ConversionResult, type ConversionTask, convert } from './conversion.js'
import type { ConversionProgress } from './conversion-input.js'
import { sendSometimes } from './send-progress.js'

answerParent<ConversionTask, ConversionResult, ConversionProgress>((task, send) =>
  withStorageErrors(() => convert(task, sendSometimes(send))),
)
