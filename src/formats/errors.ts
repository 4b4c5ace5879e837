import { TrainyardError } from '../errors.js'

export const damagedError = (file: string, problem: string, cause?: unknown) =>
  new TrainyardError('WEIGHTS_DAMAGED', `${file}: ${problem}`, { cause })
