import { setUpAndBecome } from './setup/become.mjs'

await setUpAndBecome('chaos/main.js')
