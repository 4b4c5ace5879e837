import type { Problem } from '../spec/problem.js'

/** What a rejected request is told. Answers to HEAD have no body, and those of a proxy are no problem of the server. */
export async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text()
  try {
    const problem = JSON.parse(text) as Problem
    if (typeof problem.code === 'string') return problem
  } catch {
    // the status says what there is to know
  }
  const { status, statusText } = response
  return {
    type: 'about:blank',
    title: statusText,
    status,
    code: status === 404 ? 'NOT_FOUND' : status >= 500 ? 'INTERNAL' : 'BAD_REQUEST',
    detail: `the answer is ${status} ${statusText}`.trimEnd(),
  }
}
