interface Started {
  /** The folder with all of it. */
  readonly home: string
  destroy(keep: boolean): Promise<void>
}

/** `work` on what was started, of which nothing is left behind unless `keep` says so afterwards. */
export async function disposing<S extends Started, T>(
  started: S,
  work: (started: S) => Promise<T>,
  keep: () => boolean,
): Promise<T> {
  // an exit takes what was started along
  const end = () => void started.destroy(keep()).then(() => process.exit(130))
  process.once('SIGINT', end).once('SIGTERM', end)
  try {
    return await work(started)
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end)
    if (keep()) console.error(`kept: ${started.home}`)
    await started.destroy(keep())
  }
}
