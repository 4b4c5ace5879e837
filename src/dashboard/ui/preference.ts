import { type Signal, signal } from '@preact/signals'

const prefix = 'trainyard.'
const known = new Map<string, Signal<unknown>>()

/**
 * A choice of the user that this browser keeps, such as the columns of a table. `isValid` rejects what an older page
 * or a hand left there. Other tabs follow.
 */
export function preference<T>(
  name: string,
  initial: T,
  isValid: (value: unknown) => boolean,
): Signal<T> {
  const found = known.get(name)
  if (found) return found as Signal<T>
  const read = (text: string | null): T => {
    try {
      const value: unknown = JSON.parse(text ?? 'null')
      return value !== null && isValid(value) ? (value as T) : initial
    } catch {
      return initial
    }
  }
  const kept = signal(read(storedText(name)))
  known.set(name, kept as Signal<unknown>)
  let isFirst = true
  kept.subscribe(value => {
    if (!isFirst) storeText(name, JSON.stringify(value))
    isFirst = false
  })
  addEventListener('storage', ({ key, newValue }) => {
    if (key === prefix + name) kept.value = read(newValue)
  })
  return kept
}

/** A browser may forbid to keep anything; choices then last as long as the page. */
function storedText(name: string): string | null {
  try {
    return localStorage.getItem(prefix + name)
  } catch {
    return null
  }
}

function storeText(name: string, text: string): void {
  try {
    if (localStorage.getItem(prefix + name) !== text) localStorage.setItem(prefix + name, text)
  } catch {
    // forbidden or full
  }
}
