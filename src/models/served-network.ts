import { join } from 'node:path'
import type { ServedPrecision } from '../spec/serving-options.js'

/** The SavedModel below a model's folder that computes in a precision; bf16 is a form of computing fp32's. */
export const savedModelFolder = (
  modelFolder: string,
  precision: ServedPrecision = 'fp32',
): string => join(modelFolder, precision === 'int8' ? 'saved_model_int8' : 'saved_model')
