import type { FastifyInstance } from 'fastify'
import { HttpError } from './http-error.js'
import { findJsonSyntaxError } from './json-syntax-error.js'

/** JSON bodies up to a size. An empty one is no body; a broken one is told where it breaks. */
export function addJsonBodyParser(app: FastifyInstance, bodyLimit: number): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string', bodyLimit },
    (request, text, done) => {
      if (text === '') return done(null, undefined)
      // its type allows a parser that returns a promise; the default one calls back
      void parse(request, text, (error, body) =>
        error ? done(malformedJson(text)) : done(null, body),
      )
    },
  )
}

function malformedJson(text: string): HttpError {
  const syntaxError = findJsonSyntaxError(text)
  // well-formed JSON is refused only for the names that poison prototypes
  if (!syntaxError)
    return new HttpError('FORBIDDEN_FIELD', "'__proto__' and 'constructor' are no fields")
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
