import { setUpAndBecome } from './setup/become.mjs'
import { setUpSchemathesis } from './setup/test-packages.mjs'

await setUpAndBecome('chaos/main.js', process.argv.includes('--api') ? [setUpSchemathesis] : [])
