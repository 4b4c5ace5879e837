// The build runs this after tsc. It registers all routes, without a data folder and Redis, and writes the functions
// that the API makes of their schemas, which take most of its start to compile.
import { pino } from 'pino'
import { type AppDeps, buildApp } from './app.js'
import { generateAll } from './schema-functions/schema-functions.js'

/** Enough to register routes: the handlers read more, but no request comes. */
const unopened = {
  dataFolder: '/',
  retention: {},
  sources: {},
  changes: {},
  jobs: { telemetry: {} },
}

const log = pino({ level: 'silent' })
const app = await buildApp({ ...(unopened as unknown as AppDeps), log })
await app.ready()
await generateAll()
await app.close()
