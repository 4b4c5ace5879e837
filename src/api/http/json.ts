import type { FastifyInstance } from 'fastify'
import { HttpError } from './http-error.js'
import { findJsonSyntaxError } from './json-syntax-error.js'

/** Parses JSON bodies of up to `bodyLimit` bytes. An empty body is absent; errors have a position. */
export function addJsonBodyParser(app: FastifyInstance, bodyLimit: number): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string', bodyLimit },
    (request, text, done) => {
      if (text === '') return done(null, undefined)
      // the type also allows a parser that returns a promise; this one calls back
      void parse(request, text, (error, body) =>
        error ? done(malformedJson(text)) : done(null, body),
      )
    },
  )
}

function malformedJson(text: string): HttpError {
  const syntaxError = findJsonSyntaxError(text)
  // the parser rejects valid JSON only for names that could change a prototype
  if (!syntaxError)
    return new HttpError(
      'FORBIDDEN_FIELD',
      "'__proto__' and 'constructor' are not allowed as names of fields",
    )
  const linesBefore = text.slice(0, syntaxError.position).split('\n')
  const location = `line ${linesBefore.length}, column ${linesBefore.at(-1)!.length + 1}`
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
