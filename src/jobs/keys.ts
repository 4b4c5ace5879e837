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
    log: (epoch: number) => `${root}/attempts/${epoch}/log.ndjson`,
    checkpoints: `${root}/checkpoints`,
    checkpoint: (step: number) => `${root}/checkpoints/${step}`,
  }
}
