import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { TextDecoder } from 'node:util'

const timeoutMs = 15_000
/** More than any answer of an engine that we ask for. */
const maxBytes = 16 * 2 ** 20

export interface JsonAnswer {
  status: number
  /** Undefined if the answer is no JSON. */
  json: unknown
  text: string
}

/**
 * Calls an engine's API. Unlike `fetch`, it takes the certificate authority of a cluster and of no one else, and
 * follows no redirect, so a token goes nowhere else.
 */
export async function requestJson(
  url: URL,
  {
    method = 'GET',
    token,
    ca,
    body,
  }: { method?: string; token?: string; ca?: string; body?: unknown },
): Promise<JsonAnswer> {
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
  const options: RequestOptions & { ca?: string } = {
    method,
    headers: {
      accept: 'application/json',
      // Node frames the body of a DELETE by nothing else
      ...(bytes && { 'content-type': 'application/json', 'content-length': bytes.length }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    signal: AbortSignal.timeout(timeoutMs),
    ...(ca !== undefined && { ca }),
  }
  const text = await new Promise<[number, string]>((resolve, reject) => {
    const onAnswer = (answer: IncomingMessage) =>
      readText(answer).then(read => resolve([answer.statusCode!, read]), reject)
    const request =
      url.protocol === 'https:'
        ? requestHttps(url, options, onAnswer)
        : requestHttp(url, options, onAnswer)
    request.on('error', error =>
      reject(
        error.name === 'AbortError'
          ? new Error(`no answer of ${url.origin} within ${timeoutMs / 1000} s`)
          : new Error(`${url.origin}: ${error.message || (error as NodeJS.ErrnoException).code}`),
      ),
    )
    request.end(bytes)
  })
  return { status: text[0], text: text[1], json: parsed(text[1]) }
}

/** Of a longer answer, the last part. */
async function readText(answer: IncomingMessage): Promise<string> {
  let chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes <= maxBytes) continue
    chunks = [Buffer.concat(chunks).subarray(-maxBytes / 2)]
    bytes = chunks[0]!.length
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
