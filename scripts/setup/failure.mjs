/** An error that the user can fix; printed without a stack. `cure` says how. */
export class SetupError extends Error {
  constructor(message, cure) {
    super(message)
    this.cure = cure
  }
}

export const noSpace = (folder, neededBytes, freeBytes) =>
  new SetupError(
    `the disk is too full: ${folder} needs ${megabytes(neededBytes)}` +
      (freeBytes === undefined ? '' : `, ${megabytes(freeBytes)} are free`),
    'free some space, or point XDG_CACHE_HOME at a folder on a larger disk, and run the same command again',
  )

export const megabytes = bytes => `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`

/** Runs a script's main function. An error sets exit status 1; one that the user can fix is printed without a stack. */
export async function main(run) {
  try {
    await run()
  } catch (error) {
    process.exitCode = 1
    const curable = error instanceof SetupError || error?.syscall
    console.error(`\ntrainyard: ${curable ? error.message : (error?.stack ?? error)}`)
    if (error?.cure) console.error(`\n  To fix it: ${error.cure}\n`)
  }
}
