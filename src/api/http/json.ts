import type { FastifyInstance } from 'fastify'
import { HttpError } from './http-error.js'
import { type JsonSize, measureJson } from './json-size.js'
import { findJsonSyntaxError } from './json-syntax-error.js'

/** A job with options for each of 10,000 columns has 10,000 fields. */
export const defaultJsonSize: JsonSize = { depth: 64, parts: 65_536 }

/** Parses JSON bodies of up to `bodyLimit` bytes. An empty body is absent; errors have a position. */
export function addJsonBodyParser(app: FastifyInstance, bodyLimit: number): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string', bodyLimit },
    (request, text, done) => {
      if (text === '') return done(null, undefined)
      const tooLarge = jsonTooLarge(text, defaultJsonSize)
      if (tooLarge) return done(tooLarge)
      // the type also allows a parser that returns a promise; this one calls back
      void parse(request, text, (error, body) =>
        error ? done(malformedJson(text)) : done(null, body),
      )
    },
  )
}

/** Returns an error if parsing the text would take long, because it has many parts or is nested deeply. */
export function jsonTooLarge(text: string, limits: JsonSize): HttpError | null {
  const { depth, parts } = measureJson(text, limits)
  if (depth > limits.depth) {
    const message = `the body is nested more than ${limits.depth} levels deep`
    return new HttpError('BODY_TOO_LARGE', message)
  }
  if (parts <= limits.parts) return null
  const message = `the body has more than ${limits.parts} objects, arrays and fields`
  return new HttpError('BODY_TOO_LARGE', message)
}

export function malformedJson(text: string): HttpError {
  const syntaxError = findJsonSyntaxError(text)
  // the parser rejects valid JSON only for names that could change a prototype
  if (!syntaxError)
    return new HttpError(
      'FORBIDDEN_FIELD',
      "'__proto__' and 'constructor' are not allowed as names of fields",
    )
  const location = locationOf(text, syntaxError.position)
  return new HttpError(
    'MALFORMED_JSON',
    `the body is not JSON: ${syntaxError.message} at ${location}`,
    {
      errors: [
        { path: String(syntaxError.position), code: 'syntax', message: syntaxError.message },
      ],
    },
  )
}

function locationOf(text: string, position: number): string {
  let line = 1
  let lineStart = 0
  for (;;) {
    const newline = text.indexOf('\n', lineStart)
    if (newline < 0 || newline >= position) break
    line++
    lineStart = newline + 1
  }
  return `line ${line}, column ${position - lineStart + 1}`
}
