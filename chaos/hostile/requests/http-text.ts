// Builds the bytes of HTTP requests, right and wrong ones.

export type Headers = readonly (readonly [name: string, value: string])[]

export interface RequestText {
  method?: string
  path: string
  headers?: Headers
  body?: Buffer | string
  /** Sends the body in chunks, without its length. */
  chunked?: boolean
}

/** `key` is left out if null. */
export function requestBytes(
  { method = 'GET', path, headers = [], body, chunked = false }: RequestText,
  key: string | null,
): Buffer {
  const content = typeof body === 'string' ? Buffer.from(body) : body
  const named = (name: string) => headers.some(([each]) => each.toLowerCase() === name)
  const lines = [`${method} ${path} HTTP/1.1`]
  if (!named('host')) lines.push('Host: 127.0.0.1')
  if (key !== null && !named('authorization')) lines.push(`Authorization: Bearer ${key}`)
  for (const [name, value] of headers) lines.push(`${name}: ${value}`)
  if (content && chunked) lines.push('Transfer-Encoding: chunked')
  else if (content && !named('content-length')) lines.push(`Content-Length: ${content.length}`)
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  if (!content) return head
  return Buffer.concat([head, chunked ? inChunks(content) : content])
}

function inChunks(content: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let at = 0; at < content.length; at += 65_536) {
    const chunk = content.subarray(at, at + 65_536)
    chunks.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'))
  }
  return Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')])
}

export const json = (body: Buffer | string, method = 'POST') => ({
  method,
  body,
  headers: [['Content-Type', 'application/json']] as Headers,
})

/** A multipart form with one part for each entry; a file has a `fileName`. */
export function form(
  entries: readonly { name: string; fileName?: string; content: Buffer | string }[],
  boundary = 'chaos-boundary',
): { method: string; headers: Headers; body: Buffer } {
  const parts = entries.flatMap(({ name, fileName, content }) => [
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${
        fileName === undefined ? '' : `; filename="${fileName}"`
      }\r\n\r\n`,
    ),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ])
  return {
    method: 'POST',
    headers: [['Content-Type', `multipart/form-data; boundary=${boundary}`]],
    body: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]),
  }
}
