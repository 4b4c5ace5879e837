import { setUpAndBecome } from './setup/become.mjs'

await setUpAndBecome('bundle/demo/demo.js')
