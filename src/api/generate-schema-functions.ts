// The build runs this after tsc: it writes the functions that the API makes of its schemas, which would take most of
// its start to compile.
import { generateAll } from './schema-functions/schema-functions.js'
import { buildUnopenedApp } from './unopened-app.js'

const app = await buildUnopenedApp()
await generateAll()
await app.close()
