import { setUpAndBecome } from './setup/become.mjs'

await setUpAndBecome('bench/main.js')
