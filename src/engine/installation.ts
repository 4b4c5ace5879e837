import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { TrainyardError } from '../errors.js'

/** engine.json, which `npm run setup` writes (scripts/setup/engine.mjs). */
export interface Installation {
  kind: 'cpu' | 'cuda'
  /** Path of libxgboost. */
  xgboost: string
  /** Path of libopenvino_c; null or absent where set-up could not install it, and networks run in TensorFlow alone. */
  openvino?: string | null
  /** Path of Trainyard's own ops; null or absent where set-up could not compile them, and stock ops take their place. */
  ops?: string | null
}

export const engineMissing = (message: string, cause?: unknown) =>
  new TrainyardError(
    'ENGINE_MISSING',
    `${message}; \`npm run setup\` installs it`,
    cause === undefined ? {} : { cause },
  )

/** Where set-up keeps what it installed beside the packages. */
export const installedFolder = (): string =>
  join(dirname(bindingPackage()), '..', '..', '.trainyard')

export function readInstallation(): Installation {
  const path = join(installedFolder(), 'engine.json')
  if (!existsSync(path)) throw engineMissing(`the native libraries are not set up: no ${path}`)
  return JSON.parse(readFileSync(path, 'utf8')) as Installation
}

/** Path of the package.json of TensorFlow's binding. */
export function bindingPackage(): string {
  try {
    return createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json')
  } catch (cause) {
    throw engineMissing('the npm package @tensorflow/tfjs-node-gpu is not installed', cause)
  }
}
