import { Ajv, type AnySchemaObject, type ErrorObject } from 'ajv'
import type { FastifySchemaCompiler, FastifyServerOptions } from 'fastify'
import { joinMessages, TrainyardError } from '../../errors.js'
import { HttpError } from './http-error.js'
import { findOversized } from './oversized.js'
import { type ListedErrors, toFieldErrors } from './validation-errors.js'

/** Validates requests. Fills in defaults in URLs only: a field that a body omits has a meaning of its own. */
export function createValidatorCompiler() {
  // verbose: messages show the value; allErrors: every bad field is reported
  const options = { allErrors: true, verbose: true, removeAdditional: false, strict: false }
  // 1e400 is read as Infinity, which is no number
  const bodyAjv = new Ajv({
    ...options,
    strictNumbers: true,
    coerceTypes: false,
    useDefaults: false,
  })
  // All values in a URL are text. With strictNumbers, a text that becomes Infinity would pass every check;
  // without, it is above the maximum.
  const urlAjv = new Ajv({ ...options, coerceTypes: true, useDefaults: true })
  const compile: FastifySchemaCompiler<object> = ({ schema, httpPart }) =>
    httpPart === 'body' ? checkSizeFirst(schema, bodyAjv) : urlAjv.compile(schema)
  return compile
}

/** Ajv's validator of a body, which looks only at bodies whose arrays and objects have a permitted size. */
function checkSizeFirst(schema: AnySchemaObject, ajv: Ajv) {
  const validate = ajv.compile(schema)
  return (body: unknown) => {
    const { errors, unlisted } = findOversized(schema, body)
    if (errors.length > 0) {
      const listed = toFieldErrors(errors, 'body')
      return { error: invalidFields({ ...listed, unlisted: listed.unlisted + unlisted }) }
    }
    return validate(body)
      ? { value: body }
      : { error: invalidFields(toFieldErrors(validate.errors!, 'body')) }
  }
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
  const listed = toFieldErrors(errors as ErrorObject[], httpPart)
  // nothing can exist under an invalid id
  return httpPart === 'params'
    ? new TrainyardError('NOT_FOUND', joinMessages(listed.fieldErrors))
    : invalidFields(listed)
}

const invalidFields = ({ fieldErrors, unlisted }: ListedErrors) =>
  new HttpError('INVALID_REQUEST', joinMessages(fieldErrors, unlisted), { errors: fieldErrors })
