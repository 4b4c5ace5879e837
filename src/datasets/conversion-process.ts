// The entry point of the process that `runConversion` starts.
import { answerParent } from '../ipc/answer-parent.js'
import { withStorageErrors } from '../store/storage-errors.js'
import { type ConversionResult, type ConversionTask, convert } from './conversion.js'
import type { ConversionProgress } from './conversion-input.js'

/** A conversion reports often, and a parent with many messages to read would be late with other work. */
const intervalMs = 200

answerParent<ConversionTask, ConversionResult, ConversionProgress>((task, send) => {
  let sentAt = Number.NEGATIVE_INFINITY
  let phase = ''
  const report = (progress: ConversionProgress) => {
    const now = performance.now()
    if (progress.phase === phase && now - sentAt < intervalMs) return
    phase = progress.phase
    sentAt = now
    send(progress)
  }
  return withStorageErrors(() => convert(task, report))
})
