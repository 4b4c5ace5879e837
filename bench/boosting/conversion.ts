import type { ConversionTask } from '../../src/datasets/conversion.js'
import { validateForm } from '../../src/datasets/form.js'
import { defaultLimits } from '../../src/datasets/limits.js'
import { target } from './synthetic.js'

/** The conversion that the server would run for an upload of the CSV file. */
export const conversionOf = (path: string, folder: string): ConversionTask => ({
  files: [{ name: 'table.csv', path: `${path}.csv` }],
  form: validateForm({ target }),
  folder,
  scratch: folder,
  limits: defaultLimits,
})
