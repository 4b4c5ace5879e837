import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from './places.js'

const packageFile = join(packageFolder, 'package.json')

/** The version of this server. */
export const version: string = JSON.parse(readFileSync(packageFile, 'utf8')).version
