import type { Problem } from '../spec/problem.js'
import { ConnectionError, ProblemError, UnexpectedAnswerError } from './errors.js'
import { retryAfterMs } from './retry.js'

/** The request of an answer. */
export interface Asked {
  method: string
  url: string
}

export async function readJson<T>(response: Response, asked: Asked): Promise<T> {
  const text = await response.text()
  try {
    return JSON.parse(text) as T
  } catch {
    throw unexpected(response, asked, text)
  }
}

/** What an answer other than 2xx means. */
export async function answerError(response: Response, asked: Asked): Promise<Error> {
  const retryAfter = retryAfterMs(response.headers.get('retry-after'))
  const text = await response.text()
  try {
    const problem = JSON.parse(text) as Problem
    if (typeof problem.code === 'string' && typeof problem.detail === 'string') {
      return new ProblemError(problem, retryAfter)
    }
  } catch {
    // not the server's own answer
  }
  if (asked.method === 'HEAD') return new ProblemError(problemOfHead(response), retryAfter)
  return unexpected(response, asked, text, retryAfter)
}

/** Answers to HEAD have no body: the status says what there is to know. */
const problemOfHead = ({ status, statusText }: Response): Problem => ({
  type: 'about:blank',
  title: statusText,
  status,
  code: status === 404 ? 'NOT_FOUND' : status >= 500 ? 'INTERNAL' : 'BAD_REQUEST',
  detail: `the answer is ${status} ${statusText}`.trimEnd(),
})

function unexpected(
  { status, headers, type }: Response,
  { method, url }: Asked,
  text: string,
  retryAfter: number | null = null,
): Error {
  const target = headers.get('location')
  const isRedirect = type === 'opaqueredirect' || (status >= 300 && status < 400)
  const message = isRedirect
    ? `${method} ${url} is redirected${target === null ? '' : ` to ${target}`}; use the URL that the server has there`
    : `${method} ${url} is answered ${status} by something other than Trainyard, perhaps a proxy: ${excerpt(text, headers)}`
  return new UnexpectedAnswerError(url, status, message, retryAfter)
}

function excerpt(text: string, headers: Headers): string {
  const type = headers.get('content-type')?.split(';')[0] ?? 'no content type'
  const title = /<title>([^<]*)<\/title>/i.exec(text)?.[1]
  const start = (title ?? text).replace(/\s+/g, ' ').trim().slice(0, 100)
  return `${type}, ${start === '' ? 'empty' : `'${start}'`}`
}

/** The error of a request that `fetch` could not end. */
export function noAnswer(
  error: unknown,
  { method, url }: Asked,
  timeoutMs: number | null,
): unknown {
  if (error instanceof ProblemError || error instanceof UnexpectedAnswerError) return error
  const shown = withoutQuery(url)
  if (timeoutMs !== null) {
    const message = `${shown} does not answer ${method} within ${timeoutMs / 1000} s`
    return new ConnectionError(url, message, { cause: error })
  }
  return new ConnectionError(url, `${shown} cannot be reached: ${reasonOf(error)}`, {
    cause: error,
  })
}

/** `fetch` of Node says only "fetch failed"; its cause says why. */
function reasonOf(error: unknown): string {
  const { message, cause } = Object(error) as { message?: string; cause?: unknown }
  const { code, message: reason } = Object(cause) as { code?: string; message?: string }
  return reason || code || message || String(error)
}

const withoutQuery = (url: string) => url.split('?')[0]!
