import type { FastifyInstance } from 'fastify'
import { Refusal } from './http-error.js'
import { findJsonFlaw } from './json-syntax-error.js'

/** JSON bodies up to a size. An empty one is no body; a broken one is told where it breaks. */
export function readJsonBodies(app: FastifyInstance, bodyLimit: number): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string', bodyLimit },
    (request, text, done) => {
      if (text === '') return done(null, undefined)
      // its type allows a parser that returns a promise; the default one calls back
      void parse(request, text, (error, body) => (error ? done(malformed(text)) : done(null, body)))
    },
  )
}

function malformed(text: string): Refusal {
  const flaw = findJsonFlaw(text)
  // well-formed JSON is refused only for the names that poison prototypes
  if (!flaw)
    return new Refusal(400, 'FORBIDDEN_FIELD', "'__proto__' and 'constructor' are no fields")
  const before = text.slice(0, flaw.position).split('\n')
  const place = `line ${before.length}, column ${before.at(-1)!.length + 1}`
  return new Refusal(400, 'MALFORMED_JSON', `the body is not JSON: ${flaw.found} at ${place}`, {
    errors: [{ path: String(flaw.position), code: 'syntax', message: flaw.found }],
  })
}
