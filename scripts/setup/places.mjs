import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
export const modules = join(root, 'node_modules')
export const bindingPackage = join(modules, '@tensorflow', 'tfjs-node-gpu')

/** Set-up's notes about this checkout. They describe node_modules, so they lie in it and go with it. */
export const installed = (...names) => join(modules, '.trainyard', ...names)
