/** A signal that aborts after `ms`. Its reason is an error that says `what` took too long. */
export function deadline(what: string, ms: number): AbortSignal {
  const controller = new AbortController()
  const onTimeout = () => controller.abort(new Error(`${what} took longer than ${ms / 1000} s`))
  setTimeout(onTimeout, ms).unref()
  return controller.signal
}
