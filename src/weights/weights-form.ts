import { Check } from 'typebox/value'
import { FieldErrors, quoteJson } from '../errors.js'
import { Name } from '../spec/identifiers.js'
import {
  normalizationFor,
  normalizationPresets,
  WeightsNormalization,
} from '../spec/normalization.js'

/** The text fields of an upload, before validation. */
export interface WeightsForm {
  name?: string
  normalize?: string
}

interface ValidatedForm {
  name: string | undefined
  normalize: WeightsNormalization | undefined
}

/** Throws WEIGHTS_FORM with every invalid field. */
export function validateForm({ name, normalize }: WeightsForm): ValidatedForm {
  const errors = new FieldErrors()
  if (name !== undefined && !Check(Name, name)) {
    const message = `name is ${quoteJson(name)}, expected 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first`
    errors.add('/name', 'invalid_name', message)
  }
  const parsed = normalize === undefined ? undefined : parseNormalization(normalize)
  if (parsed?.error) errors.add('/normalize', 'invalid_value', `normalize ${parsed.error}`)
  errors.throwIfAny('WEIGHTS_FORM')
  return { name, normalize: parsed?.value }
}

function parseNormalization(text: string): { value?: WeightsNormalization; error?: string } {
  const value = Check(WeightsNormalization, text) ? text : parseJson(text)
  if (!Check(WeightsNormalization, value)) {
    const names = Object.keys(normalizationPresets).join(', ')
    return {
      error: `is ${quoteJson(text)}, expected one of ${names}, or {"mean": [123.68, 116.779, 103.939], "std": [1, 1, 1]} for pixels from 0 to 255, with 1 to 4 values of each, std above 0`,
    }
  }
  if (typeof value === 'string') return { value }
  const { mean, std } = value
  const found = normalizationFor(value, Math.max(mean.length, std.length))
  return typeof found === 'string' ? { error: `is not usable: ${found}` } : { value }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
