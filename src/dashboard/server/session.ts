import { signal } from '@preact/signals'
import { Client, ProblemError } from '../../client/client.js'
import type { Session } from '../../spec/session.js'

/** The address of the server, without a slash at its end: the page may lie below a path of a proxy. */
export const serverUrl = new URL('..', import.meta.url).href.replace(/\/$/, '')

export const client = new Client({ url: serverUrl, session: true, retryForMs: 0 })

/** Who the server says is signed in, in the page that it sent; it may also leave it to be asked. */
const { session: given } = document.getElementById('app')!.dataset

/** Who is signed in; null if nobody is, undefined until the server has said. */
export const session = signal<Session | null | undefined>(given && JSON.parse(given))

/** The other tabs of this browser, which share the cookie. */
const otherTabs = new BroadcastChannel('trainyard.session')
otherTabs.addEventListener('message', () => void readSession().catch(() => {}))

/** Asks the server who is signed in. Throws if the server does not answer. */
export async function readSession(): Promise<void> {
  try {
    session.value = await client.session.get()
  } catch (error) {
    if (!isSignedOut(error)) throw error
    session.value = null
  }
}

export async function signIn(key: string, remember: boolean): Promise<void> {
  session.value = await client.session.signIn(key, { remember })
  otherTabs.postMessage('signed in')
}

export async function signOut(): Promise<void> {
  await client.session.signOut()
  session.value = null
  otherTabs.postMessage('signed out')
}

/** Shows the sign-in form if an answer says that nobody is signed in any more. Returns whether it does. */
export function endSessionOf(error: unknown): boolean {
  if (!isSignedOut(error)) return false
  session.value = null
  return true
}

const isSignedOut = (error: unknown) =>
  error instanceof ProblemError && error.problem.status === 401
