import { setUpAndBecome } from './setup/become.mjs'

await setUpAndBecome('bundle/src/supervisor/start.js')
