/** What every call takes. */
export interface CallOptions {
  /** Ends the call, which then throws the signal's reason. */
  signal?: AbortSignal | undefined
  /** How long each attempt waits for an answer. By default that of the client. */
  timeoutMs?: number | undefined
  /** How long a call that may be repeated is repeated. By default that of the client. */
  retryForMs?: number | undefined
}

export interface RequestOptions extends CallOptions {
  headers?: Record<string, string>
  body?: Blob | FormData | Uint8Array<ArrayBuffer> | string
  /** Whether a browser still sends the request after its page was closed. */
  keepalive?: boolean
  /** Whether a repeated request does no harm. By default true of GET, HEAD, PUT and DELETE. */
  isRepeatable?: boolean
}

/** How the parts of the client send requests. They throw `ProblemError` if the server rejects one. */
export interface Caller {
  request(method: string, path: string, options?: RequestOptions): Promise<Response>
  json<T>(method: string, path: string, options?: RequestOptions): Promise<T>
}

type Value = string | number | boolean | readonly (string | number)[] | undefined

/** Parameters of a query. A list is one parameter with commas; to repeat a parameter, such as `tag`, pass pairs. */
export type Query = { readonly [name: string]: Value } | readonly [string, string][]

/** The query that a schema describes. Numbers may also be texts. */
export type QueryOf<T> =
  | { readonly [Name in keyof T]?: T[Name] | string | undefined }
  | readonly [string, string][]

export const jsonBody = (value: unknown) => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

export function withQuery(path: string, query: Query | QueryOf<object>): string {
  const pairs = Array.isArray(query)
    ? (query as [string, string][])
    : Object.entries(query).flatMap(([name, value]): [string, string][] =>
        value === undefined ? [] : [[name, String(value)]],
      )
  return pairs.length > 0 ? `${path}?${new URLSearchParams(pairs)}` : path
}

/** A path whose parts are encoded: names and ids come from people. */
export const pathOf = (texts: TemplateStringsArray, ...parts: (string | number)[]): string =>
  texts.reduce((path, text, i) => path + encodeURIComponent(parts[i - 1]!) + text)
