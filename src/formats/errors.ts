import { TrainyardError } from '../errors.js'

export const damagedError = (file: string, trouble: string, cause?: unknown) =>
  new TrainyardError('WEIGHTS_DAMAGED', `${file}: ${trouble}`, { cause })
