const eventFilePrefix = 'events.out.tfevents.'

/** TensorBoard finds event files by this prefix. */
export const isEventFile = (name: string) => name.startsWith(eventFilePrefix)

/** The store keys of a job. */
export const jobPaths = (id: string) => {
  const root = `jobs/${id}`
  return {
    root,
    manifest: `${root}/manifest.json`,
    initialized: `${root}/initialized.json`,
    removedCheckpoints: `${root}/removed-checkpoints.json`,
    threads: `${root}/threads.json`,
    kernels: `${root}/kernels.json`,
    convolutions: `${root}/convolutions.json`,
    modelName: `${root}/model-name.json`,
    edits: `${root}/edits`,
    edit: (n: number) => `${root}/edits/${n}.json`,
    journal: `${root}/journal`,
    entry: (n: number) => `${root}/journal/${n}.json`,
    attempts: `${root}/attempts`,
    attempt: (attempt: number) => `${root}/attempts/${attempt}`,
    claim: (attempt: number) => `${root}/attempts/${attempt}/claim`,
    status: (attempt: number) => `${root}/attempts/${attempt}/status.json`,
    metrics: (attempt: number) => `${root}/attempts/${attempt}/metrics.ndjson`,
    summary: (attempt: number) => `${root}/attempts/${attempt}/metrics.summary.ndjson`,
    /** Each segment of it summarizes many of the summary above. */
    coarseSummary: (attempt: number) => `${root}/attempts/${attempt}/metrics.coarse.ndjson`,
    /**
     * TensorBoard reads event files in the order of their names, so the attempt number is
     * zero-padded.
     */
    events: (seconds: number, attempt: number, host: string) =>
      `${root}/${eventFilePrefix}${seconds}.${String(attempt).padStart(6, '0')}.${host}`,
    chart: `${root}/chart.ndjson`,
    resources: (attempt: number) => `${root}/attempts/${attempt}/resources.ndjson`,
    log: (attempt: number) => `${root}/attempts/${attempt}/log.ndjson`,
    predictions: (attempt: number) => `${root}/attempts/${attempt}/predictions.json`,
    checkpoints: `${root}/checkpoints`,
    checkpoint: (step: number) => `${root}/checkpoints/${step}`,
  }
}
