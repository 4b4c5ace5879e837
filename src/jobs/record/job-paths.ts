const eventFilePrefix = 'events.out.tfevents.'

/** A name that TensorBoard looks for. */
export const isEventFile = (name: string) => name.startsWith(eventFilePrefix)

/** Where a job's things are in the store. */
export const jobPaths = (id: string) => {
  const root = `jobs/${id}`
  return {
    root,
    manifest: `${root}/manifest.json`,
    initialized: `${root}/initialized.json`,
    threads: `${root}/threads.json`,
    journal: `${root}/journal`,
    entry: (n: number) => `${root}/journal/${n}.json`,
    attempts: `${root}/attempts`,
    attempt: (attempt: number) => `${root}/attempts/${attempt}`,
    claim: (attempt: number) => `${root}/attempts/${attempt}/claim`,
    status: (attempt: number) => `${root}/attempts/${attempt}/status.json`,
    metrics: (attempt: number) => `${root}/attempts/${attempt}/metrics.ndjson`,
    summary: (attempt: number) => `${root}/attempts/${attempt}/metrics.summary.ndjson`,
    /** TensorBoard reads a folder's event files in the order of their names: in that of epochs. */
    events: (seconds: number, attempt: number, host: string) =>
      `${root}/${eventFilePrefix}${seconds}.${String(attempt).padStart(6, '0')}.${host}`,
    log: (attempt: number) => `${root}/attempts/${attempt}/log.ndjson`,
    checkpoints: `${root}/checkpoints`,
    checkpoint: (step: number) => `${root}/checkpoints/${step}`,
  }
}
