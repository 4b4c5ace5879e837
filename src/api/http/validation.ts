import { Ajv, type ErrorObject } from 'ajv'
import type { FastifySchemaCompiler, FastifyServerOptions } from 'fastify'
import { TrainyardError } from '../../errors.js'
import { HttpError } from './http-error.js'
import { toFieldErrors } from './validation-errors.js'

/** Validates requests. Fills in defaults in URLs only: a field that a body omits has a meaning of its own. */
export function createValidatorCompiler() {
  // verbose: messages show the value; allErrors: every bad field is reported
  const options = { allErrors: true, verbose: true, removeAdditional: false, strict: false }
  const bodyAjv = new Ajv({ ...options, coerceTypes: false, useDefaults: false })
  // all values in a URL are text
  const urlAjv = new Ajv({ ...options, coerceTypes: true, useDefaults: true })
  const compile: FastifySchemaCompiler<object> = ({ schema, httpPart }) =>
    (httpPart === 'body' ? bodyAjv : urlAjv).compile(schema)
  return compile
}

/** For routes that parse their body themselves: its schema is shown in OpenAPI and checks nothing. */
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
  // nothing can exist under an invalid id
  if (httpPart === 'params') return new TrainyardError('NOT_FOUND', message)
  return new HttpError('INVALID_REQUEST', message, { errors: fieldErrors })
}
