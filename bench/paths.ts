import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout. This file is compiled to dist/bench/paths.js. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

export const resultsFolder = join(root, 'bench', 'results')

export const cacheFolder = () =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'trainyard', 'bench')
