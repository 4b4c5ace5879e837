import type { ErrorCode } from './error-codes.js'

/** Every `errors[].code` of a problem and when it occurs. Codes are stable, as in `errorCodes`. */
export const fieldErrorCodes = {
  invalid: 'the value is not allowed; the message says why',
  invalid_format: 'a text does not have the required form',
  invalid_name: 'a name has characters that are not allowed, or is too long',
  invalid_setting: 'an environment variable has an invalid value',
  invalid_value: 'a form field or a cell of a row has a value that cannot be used',
  syntax: 'the body is not JSON; `path` is the position, in characters from 0',
  required: 'a required field is missing',
  duplicate: 'a form has the field twice',
  unknown_field: 'the schema has no such field',
  wrong_type: 'the value or column has another type than required',
  wrong_length: 'a list has another length than required',
  not_sorted: 'a list is not in the required order',
  not_allowed: 'the value is not one of the allowed values',
  too_small: 'a number or an image is too small, or a list or text too short',
  too_large: 'a number or an image is too large',
  too_long: 'a list or a text is too long, or an object has too many fields',
  out_of_range: 'a number, or a column with it, is outside the range',
  contradiction: 'two fields exclude each other, or one needs the other',
  cannot_be_built: 'the network cannot be built with these options; the message says why',
  unknown_depth: 'there is no network of this depth',
  too_deep: 'the images are too small for a network of this depth',
  unknown_class: 'the data set has no such class',
  unknown_column: 'the data set or model has no such column',
  unknown_split: 'the data set has no such split',
  missing_values: 'a column that must be complete has missing values',
  wrong_target: 'the target column does not fit the objective',
  wrong_kind: 'the data set, model or job is of another kind than required',
  class_mismatch: 'the validation data has classes that the training data does not have',
  shape_mismatch: 'the images of the validation data have another shape',
  type_mismatch: 'a column of the validation table has another type',
  dataset_not_found: 'there is no such data set',
  model_not_found: 'there is no such model',
  job_not_found: 'there is no such job',
  weights_not_found: 'there are no such weights',
  checkpoint_not_found: 'there is no such checkpoint',
  not_an_image: 'the file is no image of a format that is read',
  nothing_matches: 'the network has no variable of the name and shape of one in the weights',
  condition_failed: 'a condition of a promotion does not hold',
  alias_not_found: 'the model has no such alias',
  target_refused: 'webhooks may not call the URL',
} as const satisfies Readonly<Record<string, string>>

/** An error in a data file has the code of the problem in lower case, such as `dataset_row`. */
export type FieldErrorCode =
  | keyof typeof fieldErrorCodes
  | Lowercase<ErrorCode & `DATASET_${string}`>
