import { TrainyardError } from '../errors.js'

export const damaged = (file: string, trouble: string, cause?: unknown) =>
  new TrainyardError('WEIGHTS_DAMAGED', 'invalid', `${file}: ${trouble}`, { cause })
