// The entry point of the process that `runConversion` starts.
import { answerParent } from '../ipc/answer-parent.js'
import { withStorageErrors } from '../store/storage-errors.js'
import { type ConversionResult, type ConversionTask, convert } from './conversion.js'

answerParent<ConversionTask, ConversionResult>(task => withStorageErrors(() => convert(task)))
