import { setUpAndBecome } from './setup/become.mjs'

await setUpAndBecome('src/cli/demo.js')
