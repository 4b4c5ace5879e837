import type { ErrorCode } from './error-codes.js'

/** Every `errors[].code` of a problem, and when it occurs. Codes are stable, as in `errorCodes`. */
export const fieldErrorCodes = {
  invalid: 'the value is not allowed here; the message says why',
  invalid_format: 'a text does not have the required form',
  invalid_name: 'a name has other characters than allowed, or is too long',
  invalid_setting: 'an environment variable has an invalid value',
  invalid_value: 'a value cannot be read as what its field or column holds',
  syntax: 'the body is not JSON; `path` is the position in characters',
  required: 'a required field is missing',
  duplicate: 'a form has the field twice',
  unknown_field: 'the schema has no such field',
  wrong_type: 'the value has another type',
  wrong_length: 'a list has another length',
  not_allowed: 'the value is none of those that are allowed',
  too_small: 'a number is too small, or a list or text too short',
  too_large: 'a number or a file is too large',
  too_long: 'a list or a text is too long',
  out_of_range: 'a number is outside its range',
  contradiction: 'two fields exclude each other, or one needs the other',
  cannot_be_built: 'the network cannot be built for these images',
  unknown_depth: 'there is no network of this depth',
  too_deep: 'the images are too small for a network of this depth',
  unknown_column: 'the table has no such column',
  missing_values: 'a column has missing values where none are allowed',
  wrong_target: 'the target column does not fit the objective',
  wrong_kind: 'the data set, model or job is of another kind',
  class_mismatch: 'the validation data set has other classes',
  shape_mismatch: 'the validation data set has images of another shape',
  type_mismatch: 'a column of the validation table has another type',
  dataset_not_found: 'there is no such data set',
  model_not_found: 'there is no such model',
  job_not_found: 'there is no such job',
  weights_not_found: 'there are no such weights',
  checkpoint_not_found: 'there is no such checkpoint',
  not_an_image: 'the bytes are no image',
  target_refused: 'the URL leads where webhooks may not go',
} as const satisfies Readonly<Record<string, string>>

/** A problem with an uploaded file repeats its own code in lower case, for each place in the file. */
export type FieldErrorCode =
  | keyof typeof fieldErrorCodes
  | Lowercase<ErrorCode & `DATASET_${string}`>
