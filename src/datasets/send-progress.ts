import type { ConversionProgress, ReportProgress } from './conversion-input.js'

/** A conversion reports often, and a parent with many messages to read would be late with other work. */
const intervalMs = 200

/** Passes on the first progress of each phase, and then one every so often. */
export function sendSometimes(send: (progress: ConversionProgress) => void): ReportProgress {
  let sentAt = Number.NEGATIVE_INFINITY
  let phase = ''
  return progress => {
    const now = performance.now()
    if (progress.phase === phase && now - sentAt < intervalMs) return
    phase = progress.phase
    sentAt = now
    send(progress)
  }
}
