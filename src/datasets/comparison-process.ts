// The entry point of the process that `runComparison` starts.
import { answerParent } from '../ipc/answer-parent.js'
import { withStorageErrors } from '../store/storage-errors.js'
import { type ComparisonTask, compareRecords, type RecordComparison } from './derived/comparison.js'

answerParent<ComparisonTask, RecordComparison>(task =>
  withStorageErrors(() => compareRecords(task)),
)
