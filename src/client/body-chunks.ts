import { ConnectionError } from './errors.js'

/** Three times as long as the pause between the server's comments, which keep a stream alive. */
const defaultSilenceMs = 45_000

/** The body of a stream as it arrives; throws if it breaks or falls silent. Not all browsers have its async iterator. */
export async function* chunksOf(
  { body, url }: Response,
  silenceMs: number = defaultSilenceMs,
): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader()
  if (!reader) return
  try {
    for (;;) {
      const { value, done } = await inTime(reader.read(), url, silenceMs)
      if (done) return
      yield value
    }
  } finally {
    // ends the request if the caller stops early
    await reader.cancel().catch(() => {})
  }
}

/** Only while it is read: a consumer may take as long as it likes. */
function inTime<T>(read: Promise<T>, url: string, silenceMs: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const fail = (text: string, cause?: unknown) =>
      reject(new ConnectionError(url, `the stream of ${url} ${text}`, { cause }))
    const silent = () => fail(`is silent for ${silenceMs / 1000} s`)
    const timer = setTimeout(silent, silenceMs)
    const end = () => clearTimeout(timer)
    read.then(resolve, error => fail('broke', error)).then(end, end)
  })
}
