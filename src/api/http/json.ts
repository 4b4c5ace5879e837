import type { FastifyInstance } from 'fastify'
import { truncate } from '../../errors.js'
import { HttpError } from './http-error.js'
import { type JsonSize, measureJson } from './json-size.js'
import { findJsonSyntaxError } from './json-syntax-error.js'

/** A job with an option for each of 10,000 columns has 10,000 fields. */
export const defaultJsonSize: JsonSize = { depth: 64, parts: 20_000 }

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

/** In longer texts, the search for the position of an error would hold the event loop. */
const maxSearchedChars = 2 ** 18

export function malformedJson(text: string): HttpError {
  const parserError = parseError(text)
  // the parser rejects valid JSON only for names that could change a prototype
  if (!parserError) {
    const message = "'__proto__' and 'constructor' are not allowed as names of fields"
    return new HttpError('FORBIDDEN_FIELD', message)
  }
  const syntaxError = text.length > maxSearchedChars ? null : findJsonSyntaxError(text)
  if (!syntaxError) {
    return new HttpError(
      'MALFORMED_JSON',
      `the body is not JSON: ${truncate(parserError.message, 200)}`,
    )
  }
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

function parseError(text: string): Error | null {
  try {
    JSON.parse(text)
    return null
  } catch (error) {
    return error as Error
  }
}

function locationOf(text: string, position: number): string {
  let line = 1
  let lineStart = 0
  for (let i = 0; i < position; i++) {
    if (text.charCodeAt(i) !== newline) continue
    line++
    lineStart = i + 1
  }
  return `line ${line}, column ${position - lineStart + 1}`
}

const newline = 10
