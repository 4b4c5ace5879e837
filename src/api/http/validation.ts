import { Ajv, type ErrorObject } from 'ajv'
import type { FastifySchemaCompiler, FastifyServerOptions } from 'fastify'
import { TrainyardError } from '../../errors.js'
import { HttpError } from './http-error.js'
import { toFieldErrors } from './validation-errors.js'

/** Which requests are well formed. A default in a body stays unused: an absent field has a meaning. */
export function createValidatorCompiler() {
  // verbose, since a message should show the value; allErrors, since all bad fields are told at once
  const options = { allErrors: true, verbose: true, removeAdditional: false, strict: false }
  const bodyAjv = new Ajv({ ...options, coerceTypes: false, useDefaults: false })
  // a URL holds only text
  const urlAjv = new Ajv({ ...options, coerceTypes: true, useDefaults: true })
  const compile: FastifySchemaCompiler<object> = ({ schema, httpPart }) =>
    (httpPart === 'body' ? bodyAjv : urlAjv).compile(schema)
  return compile
}

/** For a route that reads its body by itself: the body's schema describes it and checks nothing. */
export const skipBodyValidation =
  (compile: FastifySchemaCompiler<object>): FastifySchemaCompiler<object> =>
  routeSchema =>
    routeSchema.httpPart === 'body' ? () => true : compile(routeSchema)

export const formatSchemaErrors: FastifyServerOptions['schemaErrorFormatter'] = (
  errors,
  httpPart,
) => {
  const fieldErrors = toFieldErrors(errors as ErrorObject[], httpPart)
  const message = fieldErrors.map(fieldError => fieldError.message).join('; ')
  // a path with an impossible id leads nowhere
  if (httpPart === 'params') return new TrainyardError('NOT_FOUND', message)
  return new HttpError('INVALID_REQUEST', message, { errors: fieldErrors })
}
