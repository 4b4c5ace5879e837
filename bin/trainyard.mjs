#!/usr/bin/env node
import { pathToFileURL } from 'node:url'
import { main } from '../scripts/setup/failure.mjs'
import { prepare } from '../scripts/setup/prepare.mjs'

let script
await main(async () => {
  script = await prepare(process.argv.slice(2))
})
if (script) await import(pathToFileURL(script).href)
