import { type DestinationStream, pino } from 'pino'

/** The logger interface that parts of the server depend on. Pino's loggers implement it. */
export interface Logger {
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** Where a process writes its log: as JSON lines, or as readable lines if a person watches on a terminal. */
export async function logOutput(isTerminal = process.stdout.isTTY): Promise<DestinationStream> {
  return isTerminal ? readableLines() : pino.destination(1)
}

/** One line for each message: time, level, process, message and details. */
export async function readableLines(destination?: DestinationStream): Promise<DestinationStream> {
  // most servers have no terminal, and loading it takes time
  const { default: pinoPretty } = await import('pino-pretty')
  return pinoPretty({
    destination: destination ?? 1,
    colorize: destination === undefined,
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname',
    sync: true,
  })
}
