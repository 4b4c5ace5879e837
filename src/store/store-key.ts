import { join } from 'node:path'
import { quoteJson, TrainyardError } from '../errors.js'

/** Below the data folder: copies of what a bucket has, and logs that grow. */
export const bucketCopiesFolder = (dataFolder: string): string =>
  join(dataFolder, '.cache', 'store')

/** All keys begin with one of these, but for `format.json` and those of `uncopiedFolders`. */
export const storeFolders = [
  'dataset-names',
  'datasets',
  'idempotency',
  'imports',
  'jobs',
  'model-records',
  'model-versions',
  'models',
  'weights',
  'webhooks',
]

/** Of no copy: what a server notes of predictions, and the links for TensorBoard, which are made again. */
export const uncopiedFolders = ['model-watch', 'tensorboard']

/** A segment cannot start with a dot, so no key leads to `..` or to the store's own `.staging`. */
const segmentPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/

export const isKeySegment = (text: string): boolean => segmentPattern.test(text)

/** The path of a key below `root`. Throws INVALID_KEY unless the key is a list of `/`-separated names. */
export function pathOf(root: string, key: string): string {
  const segments = key.split('/')
  if (segments.every(isKeySegment)) return join(root, ...segments)
  throw new TrainyardError(
    'INVALID_KEY',
    `${quoteJson(key)} is not a key: expected names of letters, digits, '.', '_' and '-', separated by '/'`,
  )
}
