import { lru } from 'tiny-lru'
import { HttpError } from '../http/http-error.js'

/** Failed sign-ins of an address, after which it waits. */
const maxFailures = 10
const windowMs = 60_000
/** Addresses that are remembered; who has more could also guess in the API itself. */
const maxAddresses = 10_000

/** Slows down who guesses keys. Keys have 256 bits, so it is for keys that an operator has chosen. */
export class SignInLimit {
  private readonly failures = lru<{ count: number; endsAt: number }>(maxAddresses)

  /** Throws SIGN_IN_LIMITED if an address has failed too often. */
  check(address: string): void {
    const known = this.current(address)
    if (!known || known.count < maxFailures) return
    const seconds = Math.max(1, Math.ceil((known.endsAt - Date.now()) / 1000))
    throw new HttpError(
      'SIGN_IN_LIMITED',
      `${maxFailures} sign-ins from ${address} have failed within a minute; try again in ${seconds} s`,
      { headers: { 'retry-after': String(seconds) } },
    )
  }

  addFailure(address: string): void {
    const known = this.current(address)
    if (known) known.count++
    else this.failures.set(address, { count: 1, endsAt: Date.now() + windowMs })
  }

  private current(address: string) {
    const known = this.failures.get(address)
    return known && known.endsAt > Date.now() ? known : undefined
  }
}
