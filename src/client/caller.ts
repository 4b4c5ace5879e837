/** Parameters of a query. To repeat one, such as `tag`, pass pairs. */
export type Query = Record<string, string> | [string, string][]

/** How the parts of the client send requests. Both throw `ProblemError` if the server rejects one. */
export interface Caller {
  request(method: string, path: string, init?: RequestInit): Promise<Response>
  json<T>(method: string, path: string, init?: RequestInit): Promise<T>
}

export const jsonBody = (value: unknown) => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

export const withQuery = (path: string, query: Query) => `${path}?${new URLSearchParams(query)}`
