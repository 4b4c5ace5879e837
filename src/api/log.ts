import { pino } from 'pino'

/** The API's log, which never shows a key. */
export const createLogger = (level: string) =>
  pino({
    name: 'api',
    level,
    redact: ['authorization', 'headers.authorization', 'req.headers.authorization'],
  })
