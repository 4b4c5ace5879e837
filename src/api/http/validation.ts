import { Ajv, type ErrorObject } from 'ajv'
import type { FastifySchemaCompiler, FastifyServerOptions } from 'fastify'
import { TrainyardError } from '../../errors.js'
import { Refusal } from './http-error.js'
import { flawsOf } from './validation-errors.js'

/** Which requests are well formed. A default in a body stays unused: an absent field has a meaning. */
export function openValidation() {
  // verbose, since a message should show the value; allErrors, since all bad fields are told at once
  const options = { allErrors: true, verbose: true, removeAdditional: false, strict: false }
  const bodies = new Ajv({ ...options, coerceTypes: false, useDefaults: false })
  // a URL holds only text
  const urls = new Ajv({ ...options, coerceTypes: true, useDefaults: true })
  const compile: FastifySchemaCompiler<object> = ({ schema, httpPart }) =>
    (httpPart === 'body' ? bodies : urls).compile(schema)
  return compile
}

/** For a route that reads its body by itself: the body's schema describes it and checks nothing. */
export const exceptBody =
  (compile: FastifySchemaCompiler<object>): FastifySchemaCompiler<object> =>
  part =>
    part.httpPart === 'body' ? () => true : compile(part)

export const describeInvalid: FastifyServerOptions['schemaErrorFormatter'] = (errors, place) => {
  const flaws = flawsOf(errors as ErrorObject[], place)
  const message = flaws.map(flaw => flaw.message).join('; ')
  // a path with an impossible id leads nowhere
  if (place === 'params') return new TrainyardError('NOT_FOUND', 'missing', message)
  return new Refusal(400, 'INVALID_REQUEST', message, { errors: flaws })
}
