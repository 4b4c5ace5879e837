const eventFilePrefix = 'events.out.tfevents.'

/** A name that TensorBoard looks for. */
export const isEventFile = (name: string) => name.startsWith(eventFilePrefix)

/** Where a job's things are in the store. */
export const jobKeys = (id: string) => {
  const root = `jobs/${id}`
  return {
    root,
    manifest: `${root}/manifest.json`,
    initialised: `${root}/initialised.json`,
    threads: `${root}/threads.json`,
    journal: `${root}/journal`,
    entry: (n: number) => `${root}/journal/${n}.json`,
    attempts: `${root}/attempts`,
    attempt: (epoch: number) => `${root}/attempts/${epoch}`,
    claim: (epoch: number) => `${root}/attempts/${epoch}/claim`,
    status: (epoch: number) => `${root}/attempts/${epoch}/status.json`,
    metrics: (epoch: number) => `${root}/attempts/${epoch}/metrics.ndjson`,
    outline: (epoch: number) => `${root}/attempts/${epoch}/metrics.outline.ndjson`,
    /** TensorBoard reads a folder's event files in the order of their names: in that of epochs. */
    events: (seconds: number, epoch: number, host: string) =>
      `${root}/${eventFilePrefix}${seconds}.${String(epoch).padStart(6, '0')}.${host}`,
    log: (epoch: number) => `${root}/attempts/${epoch}/log.ndjson`,
    checkpoints: `${root}/checkpoints`,
    checkpoint: (step: number) => `${root}/checkpoints/${step}`,
  }
}
