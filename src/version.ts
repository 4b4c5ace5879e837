import { readFileSync } from 'node:fs'

// two folders up, since the compiled file is dist/src/version.js
const packageFile = new URL('../../package.json', import.meta.url)

/** The version of this server. */
export const version: string = JSON.parse(readFileSync(packageFile, 'utf8')).version
