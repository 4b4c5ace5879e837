import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { packageFolder } from '../places.js'

/** Whether this program runs in a checkout of its sources, and not as an installed package. */
export const isCheckout: boolean = existsSync(join(packageFolder, 'tsconfig.json'))

/**
 * The data folder of the server on this machine: TRAINYARD_DATA, or that of `npm start` in the checkout; of an
 * installed package, one for each user, since the folder of the package goes when it is updated.
 */
export function dataFolder(environment: NodeJS.ProcessEnv, option?: string): string {
  const named = option ?? (environment.TRAINYARD_DATA || undefined)
  if (named !== undefined) return resolve(named)
  return isCheckout ? join(packageFolder, 'data') : join(userFolder(environment), 'data')
}

/** Where an installed package keeps what outlives it. */
export const userFolder = (environment: NodeJS.ProcessEnv): string =>
  join(
    environment.XDG_DATA_HOME || join(environment.HOME || homedir(), '.local', 'share'),
    'trainyard',
  )

export const keyFile = (dataFolder: string): string => join(dataFolder, 'key')

/** What a server that `trainyard up` has started prints. */
export const logFile = (dataFolder: string): string => join(dataFolder, 'server.log')
