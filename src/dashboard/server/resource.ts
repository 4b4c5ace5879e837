import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { endSessionOf, session } from './session.js'

export interface Resource<T> {
  /** The latest answer. It stays while a newer one is loaded, and if that fails. */
  data: T | undefined
  error: unknown
  isLoading: boolean
  reload: () => void
  /** Changes what is shown, as after an answer or an event that says more. */
  update: (change: (data: T) => T) => void
}

/**
 * Loads something of the server, and again after each change of `inputs`, after a new sign-in and after `reload`.
 * Only the answer to the latest request counts. After a change of `inputs`, `data` is that of the former inputs
 * until the answer is there.
 */
export function useResource<T>(load: () => Promise<T>, inputs: readonly unknown[]): Resource<T> {
  const [state, setState] = useState<Omit<Resource<T>, 'reload' | 'update'>>({
    data: undefined,
    error: undefined,
    isLoading: true,
  })
  const latest = useRef(0)
  const loadNow = useRef(load)
  loadNow.current = load

  const reload = useCallback(() => {
    latest.current += 1
    const request = latest.current
    setState(before => ({ ...before, isLoading: true }))
    void loadNow.current().then(
      data => {
        if (request === latest.current) setState({ data, error: undefined, isLoading: false })
      },
      error => {
        if (request !== latest.current || endSessionOf(error)) return
        setState(before => ({ ...before, error, isLoading: false }))
      },
    )
  }, [])

  const update = useCallback((change: (data: T) => T) => {
    setState(before =>
      before.data === undefined ? before : { ...before, data: change(before.data) },
    )
  }, [])

  const caller = session.value?.caller
  // before the frame is drawn, so that the answer does not wait for it
  useLayoutEffect(() => {
    if (caller) reload()
    return () => {
      latest.current += 1
    }
  }, [caller, reload, ...inputs])
  return { ...state, reload, update }
}

/** Calls `reload` at most once in `ms`, and once more if it was asked for meanwhile: for bursts of events. */
export function throttled(reload: () => void, ms: number): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null
  let isAskedAgain = false
  return function call() {
    if (timer !== null) {
      isAskedAgain = true
      return
    }
    reload()
    timer = setTimeout(() => {
      timer = null
      if (!isAskedAgain) return
      isAskedAgain = false
      call()
    }, ms)
  }
}

/** Loads again every `ms` while the page is in view: for what no event tells of. A slow answer is waited for. */
export function useRefresh(
  { reload, isLoading }: Pick<Resource<unknown>, 'reload' | 'isLoading'>,
  ms: number,
): void {
  const isBusy = useRef(isLoading)
  isBusy.current = isLoading
  useEffect(() => {
    const refresh = () => {
      if (!document.hidden && !isBusy.current) reload()
    }
    const timer = setInterval(refresh, ms)
    document.addEventListener('visibilitychange', refresh)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', refresh)
    }
  }, [reload, ms])
}

/** Without the error, if another part of the view says the same. */
export const withoutError = <T>(resource: Resource<T>, isSaid: boolean): Resource<T> =>
  isSaid ? { ...resource, error: undefined } : resource
