import type { AnySchemaObject, ErrorObject } from 'ajv'
import type {
  FastifySchemaCompiler,
  FastifySchemaValidationError,
  FastifyServerOptions,
} from 'fastify'
import { joinMessages, TrainyardError } from '../../errors.js'
import { type SchemaFunction, schemaFunction } from '../schema-functions/schema-functions.js'
import { bodyValidators, urlValidators } from '../schema-functions/validators.js'
import { HttpError } from './http-error.js'
import { findOversized } from './oversized.js'
import { type ListedErrors, toFieldErrors } from './validation-errors.js'

export const compileValidator: FastifySchemaCompiler<object> = ({ schema, httpPart }) =>
  httpPart === 'body' ? checkSizeFirst(schema) : urlValidator(schema)

type Factories = NonNullable<
  NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']
>

/** For Fastify's option `schemaController`, whose type knows compilers of its own package only. */
export const buildValidator = (() => compileValidator) as unknown as NonNullable<
  Factories['buildValidator']
>

function urlValidator(schema: AnySchemaObject) {
  const validator = ready(schemaFunction(urlValidators, schema))
  return (value: unknown) => {
    const validate = validator.get()
    return validate(value) || { error: validate.errors! as FastifySchemaValidationError[] }
  }
}

/** One that must be compiled is compiled before the first request, which it would delay. */
function ready<F>(validator: SchemaFunction<F>): SchemaFunction<F> {
  if (!validator.isGenerated) validator.get()
  return validator
}

/** Ajv's validator of a body, which looks only at bodies whose arrays and objects have a permitted size. */
function checkSizeFirst(schema: AnySchemaObject) {
  const validator = ready(schemaFunction(bodyValidators, schema))
  return (body: unknown) => {
    const validate = validator.get()
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
export const skipBodyValidation: FastifySchemaCompiler<object> = routeSchema =>
  routeSchema.httpPart === 'body' ? () => true : compileValidator(routeSchema)

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
