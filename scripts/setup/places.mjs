import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
export const modules = join(root, 'node_modules')
export const bindingPackage = join(modules, '@tensorflow', 'tfjs-node-gpu')

/** What set-up notes about this checkout goes with node_modules, because it is about them. */
export const installed = (...names) => join(modules, '.trainyard', ...names)
