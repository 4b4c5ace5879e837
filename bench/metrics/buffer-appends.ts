import type { Store } from '../../src/store/store.js'

/** Collects appends until `flush`, because a million separate appends would take minutes. */
export function bufferAppends(store: Store) {
  const texts = new Map<string, string[]>()
  const append = async (key: string, text: string | Uint8Array) => {
    const buffered = texts.get(key) ?? []
    buffered.push(String(text))
    texts.set(key, buffered)
  }
  const flush = async () => {
    for (const [key, parts] of texts) await store.append(key, parts.join(''))
    texts.clear()
  }
  const size = (key: string) => store.size(key)
  return { bufferedStore: { append, size } as Store, flush }
}
