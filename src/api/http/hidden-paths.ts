import { resolve } from 'node:path'
import { packageFolder } from '../../places.js'

/**
 * Returns a function that removes what a client must not learn of the server from the text of an error:
 * paths become relative to the data folder, and a stack is cut off.
 */
export function serverPathHider(dataFolder: string): (text: string) => string {
  const folder = resolve(dataFolder)
  return text =>
    withoutStack(text)
      .replaceAll(`${folder}/`, '')
      .replaceAll(folder, 'the data folder')
      .replaceAll(`${packageFolder}/`, '')
}

const withoutStack = (text: string) => text.split(/\n\s+at /, 1)[0]!
