import { InvalidArgumentError, Option } from 'commander'
import { dataFolder } from '../data-folder.js'

/** Options of the commands that start a server. */
export interface ServerOptions {
  port?: string
  data?: string
}

export const portOption = () =>
  new Option('--port <port>', 'where it listens (TRAINYARD_PORT); 0 picks a free one').argParser(
    text => {
      if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return text
      throw new InvalidArgumentError('Expected a port from 0 to 65535.')
    },
  )

export const dataOption = () =>
  new Option('--data <folder>', 'the data folder (TRAINYARD_DATA)').argParser(text => {
    if (text.trim() !== '') return text
    throw new InvalidArgumentError('Expected a folder.')
  })

/** The settings of a server as variables of its environment: options come before variables. */
export const settingsOf = (
  { port, data }: ServerOptions,
  environment: NodeJS.ProcessEnv,
): Record<string, string> => ({
  TRAINYARD_DATA: dataFolder(environment, data),
  ...(port !== undefined && { TRAINYARD_PORT: port }),
})
