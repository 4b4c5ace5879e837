import { setUpAndBecome } from './setup/become.mjs'

await setUpAndBecome('demo/demo.js')
