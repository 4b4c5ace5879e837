/** What the shell is told. docs/cli.md lists them; a number never changes its meaning. */
export const exitCodes = {
  done: 0,
  /** A fault of the command itself. */
  failed: 1,
  /** An unknown command, option or value on the command line, or a file that cannot be read. */
  usage: 2,
  /** No server answers, or it answers 5xx. */
  unreachable: 3,
  /** 401 and 403: the key is missing, wrong or has expired. */
  notAllowed: 4,
  /** 404. */
  notFound: 5,
  /** Any other 4xx: the server refuses the request. */
  refused: 6,
  /** A job or data set that was waited for has failed. */
  jobFailed: 7,
  /** A job or data set that was waited for was cancelled. */
  jobCancelled: 8,
  /** Ctrl-C, as shells count signals. */
  interrupted: 130,
  /** The reader of the output has gone, such as `head`. */
  closedPipe: 141,
} as const
