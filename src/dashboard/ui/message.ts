import { ConnectionError, ProblemError } from '../../client/client.js'

/** What went wrong, in the words of the server if it answered. */
export function messageOf(error: unknown): string {
  if (error instanceof ProblemError) return error.problem.detail ?? error.problem.title
  if (error instanceof ConnectionError || error instanceof TypeError)
    return 'The server does not answer. Is it running?'
  return error instanceof Error ? error.message : String(error)
}
