/** The body as it arrives. Not all browsers have its async iterator. */
export async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader()
  if (!reader) return
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    // ends the request if the caller stops early
    await reader.cancel().catch(() => {})
  }
}
