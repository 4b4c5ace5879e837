interface Destroyable {
  /** The folder with all of it. */
  readonly root: string
  destroy(keep: boolean): Promise<void>
}

/** `work` on what was started, of which nothing is left behind unless `keep` says so afterwards. */
export async function withCleanup<S extends Destroyable, T>(
  resource: S,
  work: (started: S) => Promise<T>,
  keep: () => boolean,
): Promise<T> {
  // an exit takes what was started along
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
