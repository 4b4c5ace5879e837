interface Destroyable {
  /** The folder that contains all its files. */
  readonly root: string
  destroy(keep: boolean): Promise<void>
}

/** Runs `work`, then destroys the resource. If `keep` returns true after the work, the folder stays. */
export async function withCleanup<S extends Destroyable, T>(
  resource: S,
  work: (started: S) => Promise<T>,
  keep: () => boolean,
): Promise<T> {
  // an interrupt destroys the resource too
  const onSignal = () => void resource.destroy(keep()).then(() => process.exit(130))
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  try {
    return await work(resource)
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    if (keep()) console.error(`kept: ${resource.root}`)
    await resource.destroy(keep())
  }
}
