import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** A checkout of the sources, and not a package or the home of a server that came with one (server-home.mjs). */
export const isCheckout = existsSync(join(root, 'tsconfig.json'))
/** What tries the whole set-up again. */
export const setupCommand = isCheckout ? 'npm run setup' : 'trainyard setup'

export const modules = join(root, 'node_modules')
export const bindingPackage = join(modules, '@tensorflow', 'tfjs-node-gpu')

/** Set-up's notes about this checkout. They describe node_modules, so they lie in it and go with it. */
export const installed = (...names) => join(modules, '.trainyard', ...names)
