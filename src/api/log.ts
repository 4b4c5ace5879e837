import { pino } from 'pino'

/** Creates the API's log. It never contains a key. */
export const createLogger = (level: string) =>
  pino({
    name: 'api',
    level,
    redact: ['authorization', 'headers.authorization', 'req.headers.authorization'],
  })
